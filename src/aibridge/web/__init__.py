"""What the record tells, for people. A page is a context from the store, rendered; its whole state is in its link."""
