"""The write path: begin and finish, each durable before what it promises is revealed. It knows no SQL."""
