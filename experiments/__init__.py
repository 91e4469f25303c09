"""What makes the tables of ``book/results``: one runner, one small file for each result.

===============  ===================================================================
Module           What it holds
===============  ===================================================================
``jobs``         a job, an experiment, and the name that a configuration hashes to
``results``      result files: written whole or not at all, checked when read
``provenance``   commit, versions, device, date: where a number comes from
``workers``      processes on this machine, or a Dask cluster
``runner``       do the jobs whose result is not there yet
``summary``      mean, spread and count of the results
``tables``       the same as Markdown and CSV
``tasks``        the experiments, by name
``bsds500``      the classical baselines on the Berkeley segmentation data set
``scene_study``  the scene-segmentation study again
===============  ===================================================================

``python -m experiments list`` names the experiments; `README.md` says how to run them.
"""
