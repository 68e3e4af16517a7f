"""Building blocks that architectures share; one public class a file."""
