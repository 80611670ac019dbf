package dev.lora4j.vision;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The files of the CIFAR-10 distribution by name, read from the archive or a directory. */
record CifarFiles(Path origin, Map<String, byte[]> byName) {
  /** Bound on one file against forged archives; the largest real one has 30 MB. */
  private static final int MAX_BYTES = 64 << 20;

  private static final String FOLDER = "cifar-10-batches-bin";
  private static final int TAR_MAGIC_AT = 257;

  /** Reads the files with the given names and skips all others. */
  static CifarFiles read(Path path, Collection<String> names) {
    Map<String, byte[]> found = new TreeMap<>();
    try {
      if (Files.isDirectory(path)) {
        readDirectory(folder(path), names, found);
      } else {
        readArchive(path, names, found);
      }
    } catch (IOException e) {
      throw Files.exists(path)
          ? new CorruptFile(path, "cannot be read: " + e.getMessage(), e)
          : new UserError("cannot read " + path + ": there is no such file", e);
    }
    return new CifarFiles(path, found);
  }

  Optional<byte[]> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  byte[] get(String name) {
    return find(name)
        .orElseThrow(
            () -> new CorruptFile(origin, "expected " + name + ", found " + byName.keySet()));
  }

  /** Returns whether a path is a directory with that file, or starts like a (gzipped) tar. */
  static boolean looksRight(Path path, String name) {
    if (Files.isDirectory(path)) {
      return Files.exists(folder(path).resolve(name));
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] start = in.readNBytes(TAR_MAGIC_AT + 5);
      return isPacked(start)
          || (start.length == TAR_MAGIC_AT + 5
              && new String(start, TAR_MAGIC_AT, 5, java.nio.charset.StandardCharsets.US_ASCII)
                  .equals("ustar"));
    } catch (IOException e) {
      return false;
    }
  }

  private static Path folder(Path path) {
    Path inner = path.resolve(FOLDER);
    return Files.isDirectory(inner) ? inner : path;
  }

  private static void readDirectory(
      Path directory, Collection<String> names, Map<String, byte[]> found) throws IOException {
    for (String name : names) {
      Path file = directory.resolve(name);
      if (Files.exists(file)) {
        try (InputStream in = Files.newInputStream(file)) {
          found.put(name, bounded(in, name));
        }
      }
    }
  }

  private static void readArchive(Path path, Collection<String> names, Map<String, byte[]> found)
      throws IOException {
    try (InputStream file = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
        TarArchiveInputStream tar = new TarArchiveInputStream(unpacked(file))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        String name = entry.getName().replaceFirst("^.*/", "");
        if (entry.isFile() && names.contains(name)) {
          found.put(name, bounded(tar, name));
        }
      }
    }
  }

  private static InputStream unpacked(InputStream file) throws IOException {
    file.mark(2);
    byte[] start = file.readNBytes(2);
    file.reset();
    return isPacked(start) ? new GZIPInputStream(file, 1 << 16) : file;
  }

  private static boolean isPacked(byte[] start) {
    return start.length >= 2 && start[0] == 0x1f && start[1] == (byte) 0x8b;
  }

  private static byte[] bounded(InputStream in, String name) throws IOException {
    byte[] content = in.readNBytes(MAX_BYTES + 1);
    if (content.length > MAX_BYTES) {
      throw new IOException(name + " has more than " + MAX_BYTES + " bytes");
    }
    return content;
  }
}
