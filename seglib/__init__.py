"""Segmenting without labels: one module for each paper, one chapter for each module.

=================  ==========================================================  ====================
Module             What it holds                                               Chapter
=================  ==========================================================  ====================
``images``         photographs as RGB float32 (3, H, W) in 0..1
``scenes``         toy scenes whose true labels are known                      kanezaki2018
``labels``         arithmetic of label maps: components, matching, boundaries
``superpixels``    SLIC and the majority vote                                  superpixels
``datasets``       published data sets: sources, terms, readers
``clustering``     k-means on colour windows, mixtures of Gaussians            pixels_and_clusters
``elbow``          how many clusters: the elbow rule                           pixels_and_clusters
``baselines``      classical methods: graph-based, SLIC, blank, and the above  superpixels
``overlaps``       how the labels of two maps overlap                          metrics
``regions``        scores of regions: mean IoU, covering                       metrics
``boundaries``     scores of boundaries                                        metrics
``curves``         precision, recall, average precision                        metrics
``protocols``      scores as the papers define them                            metrics
``scores``         all scores of a map at once, and over many images           metrics
``metrics``        scores of labels whose names mean nothing                   metrics
``annotated``      a photograph with true label maps, drawn for the book       metrics
``results``        tables of long runs, as the chapters read them
``plotting``       colours of labels, overlays, picture files
``figures``        grids of pictures and charts: one look for the book
``tables``         tables of numbers
``states``         the state after each iteration, and where a run stops       kanezaki2018
``kanezaki2018``   segmentation by backpropagation                             kanezaki2018
``kim2020``        continuity in place of superpixels; scribbles               kim2020
``reference``      a network fitted on one image, kept, applied to others      kim2020
``losses``         similarity and continuity                                   kim2020
``schedules``      learning rates that change over a run                       kim2020
``scribbles``      labels for some pixels, given by a person                   kim2020
``ensembles``      k-means on the segmented image of another method            scene_study
``scene_study``    k-means, mixture and network of a study                     scene_study
``widgets``        figures that move, with a kernel and without                kanezaki2018
``devices``        device and memory
``checks``         bad input, one clear sentence
``cli``            ``python -m seglib segment photo.jpg --out labels.png``
=================  ==========================================================  ====================

Importing the package imports none of them: ``from seglib import kanezaki2018``.
"""

__version__ = "0.1.0"
