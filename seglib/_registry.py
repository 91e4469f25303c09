"""What is known about each data set: source, terms, size, what it holds, how it is verified.

A hash stands here only if it belongs to bytes that are public and do not change. The digest of a
split is made from its unpacked files (see `seglib._layouts.digest`), so that it holds for any way
in which they came: the official archive, a mirror, or a folder of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes
    ----------
    count : int
        How many images it has.
    digest : str
        Digest of its files; empty where no second copy confirms ours.
    """

    count: int
    digest: str = ""


@dataclass(frozen=True)
class Download:
    """One file to bring.

    Attributes
    ----------
    url : str
        Where it is.
    file : str
        Its name in the folder of the data set; for an archive, its name while it is there.
    sha256 : str
        Its hash; empty for archives that are made at each request, whose files are checked instead.
    member, target : str
        For an archive: pattern of the members to unpack, and the path each gets.
    """

    url: str
    file: str
    sha256: str = ""
    member: str = ""
    target: str = ""


@dataclass(frozen=True)
class Dataset:
    """What is known about a data set.

    Attributes
    ----------
    title : str
        Its name in prose.
    page : str
        Page of those who publish it.
    terms : str
        On which terms it may be used, as far as the page says.
    citation : str
        What to cite.
    size : int
        Bytes to download.
    folders : tuple of str
        Where it lies inside the data folder: where `fetch` puts it, then other usual places.
    splits : mapping of str to Split
        Its parts, the default one first.
    downloads : tuple of Download
        What `fetch` brings; empty if there is no public address that can be relied on.
    by_hand : str
        How to bring it without `fetch`.
    """

    title: str
    page: str
    terms: str
    citation: str
    size: int
    folders: tuple[str, ...]
    splits: Mapping[str, Split]
    downloads: tuple[Download, ...] = ()
    by_hand: str = ""


RESEARCH = "for non-commercial research and education"
MNIST_MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"

# Masks of the GrabCut set whose photographs are in BSDS500, split val.
GRABCUT_NAMES = (
    "106024", "189080", "208001", "21077", "227092", "24077", "304074", "37073", "376043", "69020",
    "86016",
)  # fmt: skip

DATASETS: dict[str, Dataset] = {
    "bsds500": Dataset(
        title="BSDS500",
        page="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html",
        terms=RESEARCH,
        citation="P. Arbeláez, M. Maire, C. Fowlkes, J. Malik, Contour detection and hierarchical "
        "image segmentation, IEEE TPAMI 33(5), 2011",
        size=70_763_455,
        folders=("BSDS500", "BSR/BSDS500"),
        splits={
            "test": Split(200, "a9a1cd014266beaa0d13dde8791fab8ed8f37f72a50cdf44b8a2a884d655d943"),
            "val": Split(100, "f85d47955be3b975ab65e5139c37d546f200ca2b50eedec47fd1d067fa828fb2"),
            "train": Split(200, "f45fbbec55a6f61db97d10a666710bd93aff247aef23e0006b010b03e05f5e99"),
        },
        downloads=(
            Download(
                "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/"
                "BSR_bsds500.tgz",
                "BSR_bsds500.tgz",
                "97e49d31764f3912f0c4122707d53062ac9e783ba0f095e447a4d53c1a41af8e",
                r"(?:\./)?BSR/BSDS500/(data/(?:images/(?:train|val|test)/\d+\.jpg"
                r"|groundTruth/(?:train|val|test)/\d+\.mat))",
                r"\1",
            ),
        ),
    ),
    "mnist": Dataset(
        title="MNIST",
        page="http://yann.lecun.com/exdb/mnist/",
        terms="no terms stated",
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to "
        "document recognition, Proceedings of the IEEE 86(11), 1998",
        size=11_594_722,
        folders=("mnist", "MNIST/raw"),
        splits={
            "train": Split(
                60_000, "c0e8b553748373b6d9e1340baadf9f79d3cf348bc5a4f9210a2309b6ae6f775d"
            ),
            "test": Split(
                10_000, "17a14138f374daf54cc773c48f48e9f9be865a482225804502a45f972b89e932"
            ),
        },
        downloads=tuple(
            Download(f"{MNIST_MIRROR}{file}", file, sha256)
            for file, sha256 in {
                "train-images-idx3-ubyte.gz": (
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
                ),
                "train-labels-idx1-ubyte.gz": (
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
                ),
                "t10k-images-idx3-ubyte.gz": (
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
                ),
                "t10k-labels-idx1-ubyte.gz": (
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
                ),
            }.items()
        ),
    ),
    "weizmann_horses": Dataset(
        title="Weizmann horses",
        page="https://www.msri.org/people/members/eranb/",
        terms="no terms stated",
        citation="E. Borenstein, S. Ullman, Class-specific, top-down segmentation, ECCV 2002",
        size=16_037_312,
        folders=("weizmann_horses", "weizmann_horse_db"),
        splits={
            "all": Split(328, "324d5245245719433b5ea8672849cd21d72db79e56b8006479ebf97c1af20b13")
        },
        by_hand="unpack weizmann_horse_db.tar.gz of its authors so that the folder holds rgb/ and "
        "figure_ground/",
    ),
    "labelmefacade": Dataset(
        title="LabelMeFacade",
        page="https://github.com/cvjena/labelmefacade",
        terms="for non-commercial research",
        citation="B. Fröhlich, E. Rodner, J. Denzler, A fast approach for pixelwise labeling of "
        "facade images, ICPR 2010",
        size=113_000_000,
        folders=("labelmefacade", "labelmefacade-master"),
        splits={
            "train": Split(100, "f82436ea8ad4c493de5535a30f49ea09ef6a007c7b0340300964acb91b610d5b"),
            "test": Split(845, "3b2aaf3ba49958b1c72cba831fb6b7c53acd34bc669ee69e71639a2055a02ee7"),
        },
        downloads=(
            Download(
                "https://github.com/cvjena/labelmefacade/archive/"
                "a0dbc272351f9d6914805fbba62d75740308f52f.zip",
                "labelmefacade.zip",
                "",
                r"[\w-]+/(images/[^/\\]+\.jpg|labels/[^/\\]+\.png|(?:train|test)\.txt|README\.md)",
                r"\1",
            ),
        ),
    ),
    "grabcut": Dataset(
        title="GrabCut masks and scribbles",
        page="https://github.com/flandrade/dataset-interactive-algorithms",
        terms="no terms stated; the photographs are those of BSDS500",
        citation="C. Rother, V. Kolmogorov, A. Blake, GrabCut, SIGGRAPH 2004 (masks); "
        "V. Gulshan et al., Geodesic star convexity for interactive image segmentation, CVPR 2010 "
        "(first scribbles); F. Andrade, E. V. Carrera, Supervised evaluation of seed-based "
        "interactive image segmentation algorithms, STSIVA 2015 (second scribbles)",
        size=300_000,
        folders=("grabcut_scribbles", "dataset-interactive-algorithms"),
        splits={
            "all": Split(11, "ae2e2812055c959bf8f4eaa5c9e3ea9c925fd52e0cc44b8b03c382f7f90c4995")
        },
        downloads=(
            Download(
                "https://github.com/flandrade/dataset-interactive-algorithms/archive/"
                "dc6bd3de8a2ec3bfc48542b5dfd3c76e2d31fcdd.zip",
                "grabcut_scribbles.zip",
                "",
                r"[\w-]+/(ground-truth/\w+\.png|scribbles-set-[12]/\w+-anno\.png|README\.md)",
                r"\1",
            ),
        ),
    ),
    "nuclei": Dataset(
        title="Nuclei of the 2018 Data Science Bowl",
        page="https://bbbc.broadinstitute.org/BBBC038",
        terms="CC0",
        citation="J. C. Caicedo et al., Nucleus segmentation across imaging experiments: the 2018 "
        "Data Science Bowl, Nature Methods 16, 2019; image set BBBC038v1, available from the Broad "
        "Bioimage Benchmark Collection",
        size=83_000_000,
        folders=("dsb2018",),
        splits={"all": Split(334)},
        downloads=(
            Download(
                "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",
                "stage1_train.zip",
                "",
                r"(?:stage1_train/)?([0-9a-f]{64}/(?:images|masks)/[0-9a-f]{64}\.png)",
                r"stage1_train/\1",
            ),
        ),
    ),
}
