"""What models cost: the book that holds now, the cost of what is recorded, and pricing anew what is on record."""
