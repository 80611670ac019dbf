package dev.lora4j.llm.encoder;

import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Consecutive texts that attend in one call: long texts of one length, or short ones side by side
 * under a mask, which keeps them apart. On the CPU libtorch multiplies a batch of matrices one by
 * one, at some microseconds each, which is more than the products of a short text take. Masks
 * belong to the caller's pointer scope.
 *
 * @param block the tokens; short texts side by side count as one
 * @param firstText the first text, in the order of the blocks
 * @param texts number of texts
 * @param mask attention mask, 0 or −∞, {@code [tokens, tokens]}; null if there is none
 * @param maskOfFirst the same for the first token of each text, {@code [texts, tokens]}
 */
record TextPack(
    UnpaddedTokens.Block block,
    long firstText,
    long texts,
    @Nullable Tensor mask,
    @Nullable Tensor maskOfFirst) {
  private static final long MAX_TOKENS = 64;

  /** Packs the texts of blocks, which are sorted by length. */
  static List<TextPack> of(List<UnpaddedTokens.Block> blocks) {
    List<TextPack> packs = new ArrayList<>();
    List<Long> lengths = new ArrayList<>(); // of the texts that the next pack begins with
    long from = 0;
    long firstText = 0;
    for (UnpaddedTokens.Block block : blocks.stream().filter(TextPack::isShort).toList()) {
      for (long i = 0; i < block.texts(); i++) {
        if (sum(lengths) + block.length() > MAX_TOKENS) {
          packs.add(sideBySide(from, firstText, lengths));
          from += sum(lengths);
          firstText += lengths.size();
          lengths.clear();
        }
        lengths.add(block.length());
      }
    }
    if (!lengths.isEmpty()) {
      packs.add(sideBySide(from, firstText, lengths));
    }
    blocks.stream()
        .filter(block -> !isShort(block))
        .map(block -> new TextPack(block, block.firstText(), block.texts(), null, null))
        .forEach(packs::add);
    return packs;
  }

  private static boolean isShort(UnpaddedTokens.Block block) {
    return 2 * block.length() <= MAX_TOKENS;
  }

  private static long sum(List<Long> lengths) {
    return lengths.stream().mapToLong(Long::longValue).sum();
  }

  private static TextPack sideBySide(long from, long firstText, List<Long> lengths) {
    long tokens = sum(lengths);
    UnpaddedTokens.Block block = new UnpaddedTokens.Block(from, firstText, 1, tokens);
    if (lengths.size() == 1) {
      return new TextPack(block, firstText, 1, null, null);
    }
    long[] textOf = new long[Math.toIntExact(tokens)];
    int at = 0;
    for (int text = 0; text < lengths.size(); text++) {
      int end = at + Math.toIntExact(lengths.get(text));
      Arrays.fill(textOf, at, end, text);
      at = end;
    }
    Tensor ofTokens = Ops.tensor(textOf);
    return new TextPack(
        block,
        firstText,
        lengths.size(),
        apart(ofTokens, ofTokens),
        apart(Ops.range(0, lengths.size()), ofTokens));
  }

  /** Returns −∞ where the texts of a row and of a column differ, {@code [rows, columns]}. */
  private static Tensor apart(Tensor rows, Tensor columns) {
    Tensor differ = rows.unsqueeze(1).sub(columns).ne(Ops.ZERO);
    return torch
        .zeros(Ops.shape(differ))
        .masked_fill_(differ, BidirectionalAttention.MINUS_INFINITY);
  }

  /** Returns the texts' part of {@code [N, H]} as a batch of texts, {@code [b, tokens, H]}. */
  Tensor of(Tensor byLength) {
    return block.of(byLength);
  }

  /** Returns the texts' rows of {@code [B, H]} as a batch, {@code [b, rows, H]}. */
  Tensor ofTexts(Tensor byLength) {
    Tensor rows = byLength.narrow(0, firstText, texts);
    return rows.unsqueeze(mask == null ? 1 : 0);
  }
}
