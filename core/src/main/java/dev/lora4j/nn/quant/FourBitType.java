package dev.lora4j.nn.quant;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The 4-bit types of bitsandbytes: NormalFloat (Dettmers et al. 2023, <a
 * href="https://arxiv.org/abs/2305.14314">arXiv:2305.14314</a>, appendix E) and a float with two
 * exponent bits and one of mantissa. The values of a block are multiplied by its largest magnitude.
 */
public enum FourBitType {
  NF4(
      -1.0f,
      -0.6961928009986877f,
      -0.5250730514526367f,
      -0.39491748809814453f,
      -0.28444138169288635f,
      -0.18477343022823334f,
      -0.09105003625154495f,
      0.0f,
      0.07958029955625534f,
      0.16093020141124725f,
      0.24611230194568634f,
      0.33791524171829224f,
      0.44070982933044434f,
      0.5626170039176941f,
      0.7229568362236023f,
      1.0f),
  FP4(
      0,
      0.0625f / 12,
      8f / 12,
      1,
      4f / 12,
      6f / 12,
      2f / 12,
      3f / 12,
      0,
      -0.0625f / 12,
      -8f / 12,
      -1,
      -4f / 12,
      -6f / 12,
      -2f / 12,
      -3f / 12);

  private final float[] codeBook;

  FourBitType(float... codeBook) {
    this.codeBook = codeBook;
  }

  /** Returns the value of each of the 16 codes. */
  public float[] codeBook() {
    return codeBook.clone();
  }

  /** Returns the name in a file: {@code nf4}, {@code fp4}. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the type of a name in a file.
   *
   * @throws UserError naming the types
   */
  public static FourBitType of(String key) {
    List<String> known = Arrays.stream(values()).map(FourBitType::key).toList();
    return Arrays.stream(values())
        .filter(type -> type.key().equals(key))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "unknown 4-bit type %s: expected %s%s"
                        .formatted(key, String.join(" or ", known), NearMiss.hint(key, known))));
  }
}
