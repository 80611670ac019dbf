package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The access token. It is sent in one header to the Hub itself, and nowhere else. */
final class HubToken {
  private static final int LONGEST = 8192;

  private HubToken() {}

  /** Returns the token in a file; empty if there is no file, or nothing in it. */
  static Optional<String> in(Path file) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(LONGEST + 1), StandardCharsets.UTF_8).strip();
      return text.isEmpty() ? Optional.empty() : Optional.of(checked(text, file.toString()));
    } catch (IOException e) {
      throw new UserError("cannot read the token in " + file + ": " + e.getMessage(), e);
    }
  }

  /** Returns the token if it is valid; the message of the error does not show it. */
  static String checked(String text, String where) {
    if (text.length() > LONGEST || !text.chars().allMatch(c -> c > ' ' && c < 127)) {
      throw new UserError(
          "the token in " + where + " is invalid: expected one line of letters and digits");
    }
    return text;
  }
}
