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
      -0.6961928f,
      -0.52507305f,
      -0.3949175f,
      -0.28444138f,
      -0.18477343f,
      -0.091050036f,
      0.0f,
      0.0795803f,
      0.1609302f,
      0.2461123f,
      0.33791524f,
      0.44070983f,
      0.562617f,
      0.72295684f,
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

  @SuppressWarnings("ImmutableEnumChecker") // handed out as copies
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
