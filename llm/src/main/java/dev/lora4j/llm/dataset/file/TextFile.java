package dev.lora4j.llm.dataset.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * A text file, compressed if its name ends in {@code .gz}.
 *
 * @param encoding its encoding unless it begins with a byte order mark; UTF-8 if empty
 */
record TextFile(Path path, Optional<Charset> encoding) {
  /** Encodings whose byte order only a mark determines. */
  private static final List<String> NEED_MARK = List.of("UTF-16", "UTF-32");

  /** Reads an open text. */
  @FunctionalInterface
  interface Reading<T> {
    T read(BufferedReader text) throws IOException;
  }

  private interface Decoding<T> {
    T decode(InputStream bytes, Charset charset, long offset) throws IOException;
  }

  /**
   * Opens the file past a byte order mark, and closes it after the reading.
   *
   * @throws CorruptFile naming the first byte that is not text of the encoding
   */
  <T> T read(Reading<T> reading) {
    try {
      return open(
          (bytes, charset, offset) ->
              reading.read(new BufferedReader(new InputStreamReader(bytes, charset.newDecoder()))));
    } catch (CharacterCodingException e) {
      throw new CorruptFile(path, invalidBytes(), e);
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  private <T> T open(Decoding<T> decoding) throws IOException {
    try (InputStream file = new BufferedInputStream(Files.newInputStream(path))) {
      InputStream bytes =
          isCompressed() ? new BufferedInputStream(new GZIPInputStream(file)) : file;
      bytes.mark(ByteOrderMark.MAX_BYTES);
      byte[] beginning = bytes.readNBytes(ByteOrderMark.MAX_BYTES);
      bytes.reset();
      Optional<ByteOrderMark> mark = ByteOrderMark.at(beginning);
      int skipped = mark.map(ByteOrderMark::length).orElse(0);
      bytes.skipNBytes(skipped);
      Charset charset = mark.map(ByteOrderMark::charset).orElseGet(() -> unmarked(beginning));
      return decoding.decode(bytes, charset, skipped);
    }
  }

  private boolean isCompressed() {
    return path.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
  }

  /** The encoding of a file without a byte order mark. */
  private Charset unmarked(byte[] beginning) {
    if (encoding.isEmpty() && beginning.length > 1 && beginning[0] * beginning[1] == 0) {
      throw new CorruptFile(
          path,
          "it begins with a zero byte, as in UTF-16; name its encoding: --encoding utf-16"
              + (beginning[0] == 0 ? "be" : "le"));
    }
    Charset charset = encoding.orElse(UTF_8);
    if (NEED_MARK.contains(charset.name())) {
      throw new UserError(
          "%s: %s needs a byte order mark, and the file has none; name the byte order: --encoding %2$sle or %2$sbe"
              .formatted(path, charset.name().toLowerCase(Locale.ROOT)));
    }
    return charset;
  }

  private String invalidBytes() {
    try {
      return open(
          (bytes, charset, offset) -> {
            InvalidBytes found = InvalidBytes.find(bytes, offset, charset);
            return "line %d is not %s text (byte 0x%02x at offset %d); name its encoding, such as --encoding windows-1252"
                .formatted(found.line(), charset.name(), found.value(), found.offset());
          });
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }
}
