"""Tables of records: read from CSV and put on record, and written as CSV."""
