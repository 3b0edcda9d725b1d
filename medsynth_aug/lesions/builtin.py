"""The lesions that come with the package, each with the clinical source of its numbers.

Sizes are those of adults. Where a source gives a definition it is cited; contrasts, softness and strength of
denoising are the package's own choice, made by eye on radiographs of adults and children.
"""

from medsynth_aug.lesions.lesion import Lesion, Prior

NODULE = Lesion(
    name="nodule",
    prompt="frontal chest radiograph, solitary pulmonary nodule",
    placement=Prior("in_lung"),
    shape=Prior("lobulated"),
    intensity=Prior("soft_tissue"),
    size_mm=(3.0, 30.0),
    texture_kept=0.95,
    strength=0.4,
)
"""A rounded opacity, well or poorly defined, measuring up to 3 cm in diameter (Hansell et al., Fleischner
Society: glossary of terms for thoracic imaging, Radiology 2008). Soft-tissue nodules below about 6 mm are
hardly seen on a radiograph; `replace(NODULE, size_mm=(6, 30))` leaves them out."""

MASS = Lesion(
    name="mass",
    prompt="frontal chest radiograph, pulmonary mass",
    placement=Prior("in_lung", parameters={"clearance_mm": 18.0}),
    shape=Prior("lobulated", parameters={"lobulation": [0.03, 0.11], "elongation": [1.0, 1.4]}),
    intensity=Prior(
        "soft_tissue",
        parameters={"contrast": [0.26, 0.4], "edge_mm": [1.0, 2.5], "spicules": [0, 18]},
    ),
    size_mm=(32.0, 70.0),
    margin_mm=16.0,
    texture_kept=0.95,
    strength=0.45,
)
"""An opacity greater than 3 cm in diameter, without regard to contour, border or density (Fleischner
Society glossary, Radiology 2008). About half of the draws have strands into the lung (spiculation)."""

PNEUMOTHORAX = Lesion(
    name="pneumothorax",
    prompt="frontal chest radiograph, pneumothorax",
    placement=Prior("one_lung"),
    shape=Prior("apicolateral_crescent"),
    intensity=Prior("pleural_air"),
    size_mm=(10.0, 45.0),
    texture_kept=1.0,
    strength=0.35,
)
"""Air in the pleural space: a visceral pleural edge is seen and no vessels lie beyond it. Size is the
distance between chest wall and pleural edge at the apex. The range spans both sides of the two usual limits
of "large": 2 cm between lung margin and chest wall at the level of the hilum (MacDuff et al., BTS pleural
disease guideline, Thorax 2010) and 3 cm from apex to cupola (Baumann et al., ACCP consensus statement,
Chest 2001). Upright patient: tension, mediastinal shift and the deep sulcus of supine films are not
painted."""

EFFUSION = Lesion(
    name="effusion",
    prompt="frontal chest radiograph, pleural effusion",
    placement=Prior("one_lung"),
    shape=Prior("meniscus"),
    intensity=Prior("pleural_fluid"),
    size_mm=(20.0, 100.0),
    margin_mm=10.0,
    texture_kept=0.8,
    strength=0.5,
)
"""Free fluid in the upright patient: the lateral costophrenic angle is blunted first, on the frontal film
from about 200 ml; from about 500 ml the hemidiaphragm is obscured (Blackmore et al., Academic Radiology
1996). Size is the height of the meniscus at the lateral wall above the costophrenic angle; the millimetres
are the package's own choice between these signs and half a lung."""

BACTERIAL_CONSOLIDATION = Lesion(
    name="bacterial_consolidation",
    prompt="frontal chest radiograph, bacterial pneumonia, lobar consolidation",
    placement=Prior("lobe"),
    shape=Prior("patch"),
    intensity=Prior("air_space"),
    size_mm=(40.0, 110.0),
    margin_mm=20.0,
    texture_kept=0.9,
    strength=0.5,
)
"""Exudate that replaces alveolar air: a homogeneous rise in density that obscures vessels and airway walls,
in which air bronchograms may show (Fleischner Society glossary, Radiology 2008, "consolidation"). One focal
patch; its extent, up to that of a lobe, is the package's own choice. A radiograph does not prove the
organism: the name follows the classes of public paediatric data."""

VIRAL_CONSOLIDATION = Lesion(
    name="viral_consolidation",
    prompt="frontal chest radiograph, viral pneumonia, bilateral interstitial opacities",
    placement=Prior("both_lungs"),
    shape=Prior("affected_lung"),
    intensity=Prior("interstitial"),
    size_mm=(90.0, 220.0),
    texture_kept=0.95,
    strength=0.4,
    diffuse=True,
)
"""The diffuse interstitial pattern in both lungs that public paediatric data label as viral (Kermany et
al., Cell 2018, where bacterial pneumonia is described as focal lobar consolidation). Size is the distance
from each hilum within which the lung is affected, the package's own choice: from perihilar to all of the
lung."""

FRACTURE = Lesion(
    name="fracture",
    prompt="frontal chest radiograph, displaced rib fracture",
    placement=Prior("on_rib"),
    shape=Prior("rib_stretch"),
    intensity=Prior("cortical_step"),
    size_mm=(8.0, 15.0),
    margin_mm=12.0,
    texture_kept=1.0,
    strength=0.35,
    schematic=True,
)
"""A schematic cortical step with a lucent line across a rib (or what crosses the lung like one, a
clavicle). No real case taught it and no guideline gives its numbers: size is the length of rib in the mask,
the step of 1.6 to 3.2 mm is a displacement that the grid of a 512-pixel radiograph can show."""

BUILT_IN = (
    NODULE, MASS, PNEUMOTHORAX, EFFUSION, BACTERIAL_CONSOLIDATION, VIRAL_CONSOLIDATION, FRACTURE,
)  # fmt: skip
