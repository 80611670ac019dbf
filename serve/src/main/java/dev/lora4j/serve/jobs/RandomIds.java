package dev.lora4j.serve.jobs;

import java.security.SecureRandom;
import java.util.regex.Pattern;

/** Ids that can't be guessed, such as {@code file-x2c…}. */
final class RandomIds {
  private static final String LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  private static final int LENGTH = 24;
  private static final SecureRandom RANDOM = new SecureRandom();

  private RandomIds() {}

  static String next(String prefix) {
    StringBuilder id = new StringBuilder(prefix);
    for (int i = 0; i < LENGTH; i++) {
      id.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
    }
    return id.toString();
  }

  /** The pattern of ids with a prefix. */
  static Pattern pattern(String prefix) {
    return Pattern.compile(Pattern.quote(prefix) + "[A-Za-z0-9]{" + LENGTH + "}");
  }
}
