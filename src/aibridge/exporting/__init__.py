"""The record to take away: rows of tables, lines of JSON, a report that a person reads.

What is exported is made here for the API, the pages and the terminal alike. Text from the record never breaks out of
its place, and nothing here holds more of the record than a page of it.
"""
