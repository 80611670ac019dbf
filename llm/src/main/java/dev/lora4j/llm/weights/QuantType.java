package dev.lora4j.llm.weights;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The formats to which weights can be quantised. */
public enum QuantType {
  /**
   * 4 bits with the code book of a normal distribution (Dettmers et al. 2023, arXiv:2305.14314).
   */
  NF4,
  /** 4-bit floating point. */
  FP4,
  /** 8 bits with one scale for each row, bitsandbytes' LLM.int8. */
  INT8,
  /** 8 bits in GGUF's blocks of 32. */
  Q8_0,
  /** 4 bits in GGUF's blocks of 32. */
  Q4_0,
  /** 4 bits in GGUF's blocks of 256. */
  Q4_K;

  /** Returns whether it is a format of bitsandbytes, not of GGUF. */
  public boolean isOfBitsAndBytes() {
    return this == NF4 || this == FP4 || this == INT8;
  }

  /** Returns its name in files and on the command line, such as {@code nf4}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the format of this name.
   *
   * @param option for the message
   * @throws UserError naming the nearest one
   */
  public static QuantType of(String option, String word) {
    List<String> words = Arrays.stream(values()).map(QuantType::word).toList();
    int index = words.indexOf(word.toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw new UserError(
          option + ": unknown quantisation '" + word + "'" + NearMiss.hint(word, words));
    }
    return values()[index];
  }
}
