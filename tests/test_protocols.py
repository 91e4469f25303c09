"""protocols, curves, scores: against loops over masks, and the blank image on BSDS500."""

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles_metrics import iou_masks, matched_truth_count, right_segments_list
from scipy.io import loadmat
from skimage import data
from skimage.segmentation import slic
from sklearn.metrics import average_precision_score

from seglib.curves import (
    INTEGRATIONS,
    SegmentCounts,
    average_precision,
    precision_recall_curve,
    precision_recall_f,
)
from seglib.metrics import (
    adjusted_rand_index,
    many_to_one_accuracy,
    matched_accuracy,
    mean_iou,
    normalized_mutual_information,
    probabilistic_rand_index,
    segmentation_covering,
    variation_of_information,
)
from seglib.protocols import (
    ANNOTATORS,
    CONNECTIVITIES,
    choose_annotations,
    cluster_wise_iou,
    count_right_segments,
    find_segments,
    true_segment_ious,
)
from seglib.scores import pool_scores, score_segmentation

TEST_SET = Path(os.environ.get("SEGLIB_DATA", "")) / "BSDS500/data/groundTruth/test"


def blocks(seed, size=(12, 16), num_labels=4):
    """Map of random blocks, so that some segments are large."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randint(num_labels, (size[0] // 4, size[1] // 4), generator=random)
    return coarse.repeat_interleave(4, dim=0).repeat_interleave(4, dim=1)


def scene(seed):
    """Label map with flaws, and two annotators of whom the second draws fewer segments."""
    clean = blocks(seed)
    random = torch.Generator().manual_seed(seed)
    labels = torch.where(torch.rand(clean.shape, generator=random) < 0.05, (clean + 1) % 4, clean)
    labels[:4, :10] = 0
    fine = find_segments(clean)
    return labels, [fine, torch.where(fine % 3 == 0, 0, fine)]


def photograph():
    image = data.astronaut()[::2, ::2]
    return [
        torch.from_numpy(slic(image, n_segments=number, start_label=0).astype("int64"))
        for number in (60, 30, 12)
    ]


# Kanezaki 2018 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.5, 0.7])
@pytest.mark.parametrize("seed", range(3))
def test_average_precision_of_pairs_equals_scikit_learn(seed, threshold):
    cases, listed, num_true = [], [], 0
    for labels, annotations in (scene(seed), scene(seed + 10)):
        cases += count_right_segments(labels, annotations, threshold=threshold)
        for truth in annotations:
            found, number = right_segments_list(labels.numpy(), [truth.numpy()], threshold)
            listed += found
            num_true += number
    sizes, right = np.array(listed).T
    assert 0 < right.sum() < len(right)
    # scikit-learn's recall is over the right segments, the paper's over the true ones
    expected = average_precision_score(right, sizes) * right.sum() / num_true
    assert average_precision(cases) == pytest.approx(expected)
    assert average_precision(cases, recall="right_segments") == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_merged_annotators_equal_a_loop(seed):
    labels, annotations = scene(seed)
    (case,) = count_right_segments(labels, annotations, annotators="merged")
    maps = [truth.numpy() for truth in annotations]
    listed, num_true = right_segments_list(labels.numpy(), maps, 0.5)
    precision, recall, sizes = precision_recall_curve([case])
    _, recall_right, _ = precision_recall_curve([case], recall="right_segments")
    assert sizes.tolist() == sorted({size for size, _ in listed}, reverse=True)
    for at, smallest in enumerate(sizes.tolist()):
        right = [is_right for size, is_right in listed if size >= smallest]
        matched = matched_truth_count(labels.numpy(), maps, 0.5, smallest)
        assert precision[at] == pytest.approx(sum(right) / len(right))
        assert recall[at] == pytest.approx(matched / num_true)
        assert recall_right[at] == pytest.approx(sum(right) / num_true)
    assert recall[-1] > recall_right[-1]


def test_iou_must_exceed_the_threshold():
    truth = torch.tensor([[0, 0, 1, 1]])
    (case,) = count_right_segments(torch.zeros_like(truth), [truth])  # both IoUs are 0.5
    assert (case.right, case.found) == ((0,), (0,))
    assert precision_recall_f(case) == (0.0, 0.0, 0.0)


def test_precision_recall_f_by_hand():
    truth = torch.tensor([[0, 0, 0, 1, 1, 1, 2, 2]])
    labels = torch.tensor([[0, 0, 0, 1, 1, 2, 3, 4]])  # 0 and 1 are right, 1 by 2/3
    (case,) = count_right_segments(labels, [truth])
    assert case == (0.5, (3, 2, 1), (1, 1, 3), (1, 1, 0), (1, 1, 0), 3)
    precision, recall, f = precision_recall_f(case)
    assert (precision, recall) == pytest.approx((2 / 5, 2 / 3))
    assert f == pytest.approx(2 / (5 / 2 + 3 / 2))
    (strict,) = count_right_segments(labels, [truth], threshold=0.7)
    assert strict.right == (1, 0, 0)


def test_integrations_by_hand():
    # sizes 4, 3, 2, 1: right, wrong, right, wrong; four true segments
    case = SegmentCounts(0.5, (4, 3, 2, 1), (1, 1, 1, 1), (1, 0, 1, 0), (1, 0, 1, 0), 4)
    expected = {
        "step": (1 + 2 / 3) / 4,
        "trapezoid": (1 + (1 / 2 + 2 / 3) / 2) / 4,
        "interpolated": (1 + 2 / 3) / 4,
        "eleven_point": (3 * 1 + 3 * 2 / 3) / 11,
    }
    assert set(expected) == set(INTEGRATIONS)
    for integration, value in expected.items():
        assert average_precision([case], integration=integration) == pytest.approx(value)
    worse = case._replace(right=(0, 1, 1, 0), found=(0, 1, 1, 0))
    assert average_precision([worse]) == pytest.approx((1 / 2 + 2 / 3) / 4)
    assert average_precision([worse], integration="interpolated") == pytest.approx(2 / 3 / 2)


def test_the_order_of_images_does_not_matter():
    cases = [case for seed in range(4) for case in count_right_segments(*scene(seed))]
    assert average_precision(cases) == pytest.approx(average_precision(cases[::-1]), abs=1e-15)
    assert 0 < average_precision(cases) < 1


def test_truth_scores_one_and_names_do_not_matter():
    labels, annotations = scene(1)
    truth = find_segments(annotations[0])
    for integration in INTEGRATIONS:
        (case,) = count_right_segments(truth, [truth], threshold=0.9)
        assert average_precision([case], integration=integration) == pytest.approx(1.0)
    renamed = torch.tensor([30, 7, 0, 11])[labels]
    assert count_right_segments(renamed, annotations) == count_right_segments(labels, annotations)


def test_every_reading_is_an_option():
    fine, middle, coarse = photograph()
    values = {
        (annotators, connectivity): count_right_segments(
            middle, [middle // 2, fine, coarse], annotators=annotators, connectivity=connectivity
        )
        for annotators, connectivity in itertools.product(ANNOTATORS, CONNECTIVITIES)
    }
    numbers = {annotators: len(values[annotators, 4]) for annotators in ANNOTATORS}
    assert numbers == {"pairs": 3, "merged": 1, "fine": 1, "coarse": 1, "first": 1}
    pairs = values["pairs", 4]
    assert values["first", 4] == pairs[:1]
    assert values["fine", 4] == pairs[1:2]
    assert values["coarse", 4] == pairs[2:]


# Segments and annotators ------------------------------------------------------------------------


def test_connectivity_four_eight_none():
    labels = torch.tensor([[5, 1, 5], [1, 5, 1]])
    assert find_segments(labels).unique().numel() == 6
    assert find_segments(labels, connectivity=8).tolist() == [[0, 1, 0], [1, 0, 1]]
    assert find_segments(labels, connectivity=None) is labels
    blank = torch.zeros(3, 3, dtype=torch.int64)  # label 0 is no background
    assert find_segments(blank, connectivity=8).tolist() == blank.tolist()


def test_fine_and_coarse_count_the_labels_that_occur():
    few, many = torch.tensor([[0, 99, 0]]), torch.tensor([[0, 1, 2]])
    assert choose_annotations([few, many], "fine")[0] is many
    assert choose_annotations([many, few], "coarse")[0] is few
    assert choose_annotations([many, few], "first")[0] is many
    assert len(choose_annotations([many, few])) == 2


# Kim 2020 and the scene-segmentation study ------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_true_segment_ious_equal_masks(seed):
    labels, annotations = scene(seed)
    segments = find_segments(labels).numpy()
    expected = [iou_masks(segments, truth.numpy()).max(axis=0) for truth in annotations]
    ious = true_segment_ious(labels, annotations)
    assert ious.numpy() == pytest.approx(np.concatenate(expected))
    fine = true_segment_ious(labels, annotations[::-1], annotators="fine")
    assert fine.numpy() == pytest.approx(expected[0])
    coarse = true_segment_ious(labels, annotations, annotators="coarse")
    assert coarse.numpy() == pytest.approx(expected[1])
    assert len(fine) > len(coarse)


def test_cluster_wise_iou_equals_masks_and_takes_clusters_whole():
    labels, (truth, _) = scene(2)
    expected = iou_masks(labels.numpy(), truth.numpy()).max(axis=1).mean()
    assert cluster_wise_iou(labels, truth) == pytest.approx(expected)
    assert cluster_wise_iou(find_segments(labels), truth) != pytest.approx(expected)


@pytest.mark.skipif(not TEST_SET.is_dir(), reason="SEGLIB_DATA holds no BSDS500")
def test_blank_image_scores_on_bsds500():
    ious = {"all": [], "fine": [], "coarse": []}
    paths = sorted(TEST_SET.glob("*.mat"))
    assert len(paths) == 200
    for path in paths:
        cells = loadmat(path)["groundTruth"][0]
        annotations = [
            torch.from_numpy(cell["Segmentation"][0, 0].astype("int64")) for cell in cells
        ]
        for annotators, values in ious.items():
            blank = torch.zeros_like(annotations[0])
            values.append(true_segment_ious(blank, annotations, annotators=annotators))
    means = {annotators: float(torch.cat(values).mean()) for annotators, values in ious.items()}
    assert sum(map(len, ious["all"])) == 23_192
    assert round(means["all"], 4) == 0.0458
    assert round(means["fine"], 4) == 0.0249
    assert round(means["coarse"], 4) == 0.1001  # 0.10005


# All at once ------------------------------------------------------------------------------------


def test_scores_of_a_set_survive_storing_and_agree_with_the_protocols():
    scenes = [scene(seed) for seed in range(3)]
    stored = json.loads(json.dumps([score_segmentation(*each) for each in scenes]))
    pooled = pool_scores(stored)
    assert pooled["num_images"] == 3
    segments = [find_segments(labels) for labels, _ in scenes]
    assert pooled["num_segments"] == pytest.approx(
        np.mean([int(each.max()) + 1 for each in segments])
    )
    for annotators in ("all", "fine", "coarse"):
        ious = [true_segment_ious(*each, annotators=annotators) for each in scenes]
        assert pooled[f"miou_{annotators}"] == pytest.approx(float(torch.cat(ious).mean()))
    for threshold in (0.5, 0.7):
        cases = [c for each in scenes for c in count_right_segments(*each, threshold=threshold)]
        assert pooled[f"average_precision_{threshold}"] == pytest.approx(average_precision(cases))
        knobs = {"threshold": threshold, "annotators": "merged"}
        cases = [c for each in scenes for c in count_right_segments(*each, **knobs)]
        expected = pytest.approx(average_precision(cases, recall="matched_truth"))
        assert pooled[f"average_precision_merged_{threshold}"] == expected
        by_image = [
            np.mean([precision_recall_f(c)[2] for c in count_right_segments(*each)])
            for each in scenes
        ]
    assert pooled["f_0.7"] <= pooled["f_0.5"] == pytest.approx(np.mean(by_image))
    assert pooled["variation_of_information"] == pytest.approx(
        pooled["vi_over"] + pooled["vi_under"]
    )
    assert all(isinstance(value, float) for value in pooled.values())


def test_region_scores_are_those_of_segments_and_class_scores_those_of_labels():
    labels, annotations = scene(4)
    segments = find_segments(labels)
    scores = score_segmentation(labels, annotations)
    assert scores["num_segments"] > scores["num_labels"] == 4
    for metric in (adjusted_rand_index, normalized_mutual_information):
        expected = np.mean([metric(segments, truth) for truth in annotations])
        assert scores[metric.__name__] == pytest.approx(expected)
    over, under = np.mean([variation_of_information(segments, t) for t in annotations], axis=0)
    assert (scores["vi_over"], scores["vi_under"]) == pytest.approx((over, under))
    expected = np.mean([segmentation_covering(segments, truth)[0] for truth in annotations])
    assert scores["covering"] == pytest.approx(expected)
    expected = probabilistic_rand_index(segments, annotations)
    assert scores["probabilistic_rand_index"] == pytest.approx(expected)
    for metric in (matched_accuracy, many_to_one_accuracy, mean_iou, cluster_wise_iou):
        expected = np.mean([metric(labels, truth) for truth in annotations])
        assert scores[metric.__name__] == pytest.approx(expected)


def test_labels_that_are_segments_are_not_split():
    labels = torch.tensor([[0, 1], [1, 0]])
    numbers = [
        score_segmentation(labels, [labels], connectivity=c)["num_segments"] for c in (4, 8, None)
    ]
    assert numbers == [4, 2, 2]


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: count_right_segments(x, [x], threshold=0.3), "threshold must be at least 0.5"),
        (lambda x: count_right_segments(x, [x], threshold=1.0), "less than 1, got 1.0"),
        (lambda x: count_right_segments(x, [x], annotators="all"), "annotators must be one of"),
        (lambda x: count_right_segments(x, []), "at least one true label map, got none"),
        (lambda x: true_segment_ious(x, [x], annotators="pairs"), "'coarse' or 'first', got 'pai"),
        (lambda x: true_segment_ious(x, [x[:1]]), "annotation 0 must have the shape of labels"),
        (lambda x: choose_annotations([]), "at least one true label map, got none"),
        (lambda x: find_segments(x, connectivity=6), "connectivity must be 4, 8 or None, got 6"),
        (lambda x: average_precision([]), "counts must have one threshold, got no counts"),
        (
            lambda x: average_precision(
                [c for t in (0.5, 0.7) for c in count_right_segments(x, [x], threshold=t)]
            ),
            r"one threshold, got \[0.5, 0.7\]",
        ),
        (
            lambda x: average_precision(count_right_segments(x, [x]), integration="sum"),
            "integration must be one of",
        ),
        (
            lambda x: precision_recall_curve(count_right_segments(x, [x]), recall="all"),
            "recall must be one of",
        ),
        (lambda x: score_segmentation(x, [x], connectivity=5), "connectivity must be 4, 8"),
        (lambda x: pool_scores([]), "scores must hold at least one image, got none"),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call(torch.zeros(2, 3, dtype=torch.int64))
