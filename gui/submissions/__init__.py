"""What students handed in, in a window beside the main one."""
