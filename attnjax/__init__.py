"""attnjax: may the attention of this model be read as an explanation?"""

__version__ = "0.1.0"
