"""The data set of the ``photo`` model: tables of labelled pictures from public repositories, and their files."""
