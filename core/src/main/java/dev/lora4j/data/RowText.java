package dev.lora4j.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** Text files of rows, compressed if their name ends in {@code .gz}. */
public final class RowText {
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private RowText() {}

  /**
   * Opens a file as UTF-8 text, past a byte order mark; reading throws {@link
   * java.nio.charset.CharacterCodingException} where the text is not UTF-8.
   */
  public static BufferedReader open(Path file) throws IOException {
    BufferedReader text =
        new BufferedReader(new InputStreamReader(bytes(file), UTF_8.newDecoder()));
    text.mark(1);
    if (text.read() != BYTE_ORDER_MARK) {
      text.reset();
    }
    return text;
  }

  /** Opens the bytes of a file, decompressed. */
  public static InputStream bytes(Path file) throws IOException {
    InputStream bytes = new BufferedInputStream(Files.newInputStream(file));
    boolean gzip = file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
    return gzip ? new GZIPInputStream(bytes) : bytes;
  }
}
