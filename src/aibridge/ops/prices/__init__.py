"""What models cost: the book that holds now, the cost of what is recorded, and repricing what is on record."""
