"""The window. It reads events and history, writes settings, and does no tensor arithmetic."""
