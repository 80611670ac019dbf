package dev.lora4j.vision;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The files of a zip archive, read in place without unpacking to disk. */
record ZipTree(Path path, ZipFile zip) implements ImageTree {

  static ZipTree open(Path path) {
    try {
      return new ZipTree(path, new ZipFile(path.toFile()));
    } catch (ZipException e) {
      throw new CorruptFile(path, "expected a zip archive, found: " + e.getMessage(), e);
    } catch (NoSuchFileException e) {
      throw new UserError("cannot read " + path + ": there is no such file", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  @Override
  public List<String> names() {
    return zip.stream().<String>map(ZipEntry::getName).toList();
  }

  @Override
  public byte[] read(String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new IOException("no such entry");
    }
    // Read to the actual end of the entry: the archive's size field is only a claim.
    byte[] content = new byte[(int) Math.max(0, Math.min(entry.getSize(), MAX_FILE_BYTES))];
    try (InputStream in = zip.getInputStream(entry)) {
      int read = in.readNBytes(content, 0, content.length);
      if (read < content.length || in.read() >= 0) {
        throw new IOException("size differs from the archive's directory, or is too large");
      }
    }
    CRC32 checksum = new CRC32();
    checksum.update(content);
    if (checksum.getValue() != entry.getCrc()) {
      throw new IOException("damaged in the archive: wrong checksum");
    }
    return content;
  }

  @Override
  public void close() {
    try {
      zip.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
