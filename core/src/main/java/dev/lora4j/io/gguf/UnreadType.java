package dev.lora4j.io.gguf;

import java.util.Arrays;

/** The unsupported types of ggml, to name them in messages. */
enum UnreadType {
  Q4_2(4),
  Q4_3(5),
  Q8_1(9),
  Q8_K(15),
  IQ2_XXS(16),
  IQ2_XS(17),
  IQ3_XXS(18),
  IQ1_S(19),
  IQ3_S(21),
  IQ2_S(22),
  IQ1_M(29),
  Q4_0_4_4(31),
  Q4_0_4_8(32),
  Q4_0_8_8(33),
  TQ1_0(34),
  TQ2_0(35),
  IQ4_NL_4_4(36),
  IQ4_NL_4_8(37),
  IQ4_NL_8_8(38),
  MXFP4(39),
  NVFP4(40),
  Q1_0(41);

  private final int number;

  UnreadType(int number) {
    this.number = number;
  }

  /** Returns the name of a type, or its code if it is unknown: {@code MXFP4}, {@code number 77}. */
  static String describe(long number) {
    return Arrays.stream(values())
        .filter(type -> type.number == number)
        .map(UnreadType::name)
        .findFirst()
        .orElse("number " + number);
  }
}
