"""A small CLIP text encoder with a vocabulary of its own, since none can be assumed to be at hand."""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from medsynth_aug.training.seeded import seeded_weights

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 32
WORD_END = "</w>"


def build_tokenizer(prompts: Iterable[str]) -> CLIPTokenizer:
    """A byte-pair tokenizer whose merges are learned from `prompts`; any other text falls back to bytes."""
    bpe = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    bpe.normalizer = normalizers.Lowercase()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=2000, min_frequency=1, initial_alphabet=alphabet, end_of_word_suffix=WORD_END,
        show_progress=False,
    )  # fmt: skip
    bpe.train_from_iterator(prompts, trainer)
    learned = [piece for piece, _ in sorted(bpe.get_vocab().items(), key=lambda entry: entry[1])]
    pieces = list(dict.fromkeys([*alphabet, *(a + WORD_END for a in alphabet), *learned]))
    vocabulary = {piece: index for index, piece in enumerate([*pieces, BEGIN, END])}
    return CLIPTokenizer(vocab=vocabulary, merges=_merges(bpe), model_max_length=MAX_TOKENS)


def add_words(
    tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel, prompts: Iterable[str], seed: int
) -> int:
    """Give words of `prompts` that the vocabulary does not hold whole a token each; returns how many.

    The embeddings of known words stay; those of new ones are drawn by `seed`.
    """
    held = tokenizer.get_vocab()
    words = sorted({word for prompt in prompts for word in prompt.lower().replace(",", " ").split()})
    new = [word for word in words if word + WORD_END not in held and word not in held]
    if new:
        tokenizer.add_tokens(new)
        with seeded_weights(seed):
            text_encoder.resize_token_embeddings(len(tokenizer))
    return len(new)


def build_text_encoder(tokenizer: CLIPTokenizer, *, width: int = 128, layers: int = 2) -> CLIPTextModel:
    """An untrained CLIP text encoder for `tokenizer`."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            projection_dim=width,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _merges(bpe: Tokenizer) -> list[tuple[str, str]]:
    merges = json.loads(bpe.to_str())["model"]["merges"]
    return [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in merges]
