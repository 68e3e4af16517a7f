"""The models of the claims, equally large, and how their settings were chosen."""
