package dev.lora4j.llm.encoder;

import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A padded batch of texts; B rows, T tokens each.
 *
 * @param inputIds token ids, {@code [B, T]}, int64
 * @param attentionMask 1 for a token and 0 for padding, {@code [B, T]}, int64
 * @param tokenTypeIds 0 for the first text of a pair and 1 for the second, {@code [B, T]}, int64;
 *     empty for 0 everywhere
 */
public record EncoderInput(Tensor inputIds, Tensor attentionMask, Optional<Tensor> tokenTypeIds) {

  /** A batch of texts of one length, {@code [B, T]}, without padding. */
  public static EncoderInput of(Tensor inputIds) {
    return new EncoderInput(inputIds, torch.ones_like(inputIds), Optional.empty());
  }

  /**
   * Pads texts on the right to the longest.
   *
   * @param padId the id of the padding token
   */
  public static EncoderInput padded(List<TokenSequence> texts, int padId) {
    int longest = texts.stream().mapToInt(TokenSequence::length).max().orElse(0);
    long[] ids = new long[texts.size() * longest];
    long[] mask = new long[ids.length];
    long[] types = new long[ids.length];
    Arrays.fill(ids, padId);
    int from = 0;
    for (TokenSequence text : texts) {
      for (int i = 0; i < text.length(); i++) {
        ids[from + i] = text.id(i);
        mask[from + i] = 1;
        types[from + i] = text.typeId(i);
      }
      from += longest;
    }
    boolean typed = texts.stream().anyMatch(TokenSequence::isTyped);
    return new EncoderInput(
        matrix(texts.size(), ids),
        matrix(texts.size(), mask),
        typed ? Optional.of(matrix(texts.size(), types)) : Optional.empty());
  }

  private static Tensor matrix(int rows, long... values) {
    return Ops.tensor(values).view(rows, -1);
  }
}
