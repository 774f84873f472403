"""The tool "ablation": which of the ticked techniques truly help."""
