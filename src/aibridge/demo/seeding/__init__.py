"""An invented company's months with aibridge, of any size: skewed as real ones are, the same for the same seed.

Times are microseconds since 1970; the clock and the seed are given in. Nothing is kept but the sessions under way.
"""
