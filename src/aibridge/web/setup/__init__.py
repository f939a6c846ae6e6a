"""How clients are connected, as text to copy."""
