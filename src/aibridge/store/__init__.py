"""The only place that speaks SQL. PostgreSQL 14 or newer is the only dialect."""
