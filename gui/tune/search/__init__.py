"""The tool Search: many trials over some of the settings, in a process of its own, watched as they come."""
