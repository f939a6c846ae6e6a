"""What several rooms' tests share: recorded traffic, and an upstream that replays it."""
