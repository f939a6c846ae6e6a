"""What aibridge costs: CPU beside nginx in the same run, PostgreSQL's part, latency, memory. Figures, never verdicts.

Everything runs on this machine, in a temporary folder, with durable commits, and is gone at the end. `python -m bench`
is the way in; what is measured and why this way stands in `docs/performance.md`. Linux only: the figures are /proc's.
"""
