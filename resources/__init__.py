"""Icons, style, translations, recipes and the bundled sample data. Imports nothing."""
