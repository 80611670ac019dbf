package dev.lora4j.io.torch;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** The entries of a {@code torch.save} archive, below its only root folder. */
final class TorchArchive {

  /** The position of an uncompressed entry in the file. */
  record Entry(long start, long bytes) {}

  private static final String PICKLE = "/data.pkl";
  private static final long MAX_PICKLE_BYTES = 100_000_000;

  private final Path file;
  private final FileChannel channel;
  private final Map<String, Entry> entries;

  private TorchArchive(Path file, FileChannel channel, Map<String, Entry> entries) {
    this.file = file;
    this.channel = channel;
    this.entries = entries;
  }

  static TorchArchive read(Path file, FileChannel channel) throws IOException {
    List<ZipArchiveEntry> listed = list(file);
    String root = root(file, listed);
    Map<String, Entry> entries = new HashMap<>();
    for (ZipArchiveEntry entry : listed) {
      if (entry.getName().startsWith(root)) {
        Entry place = place(file, channel, entry);
        if (entries.put(entry.getName().substring(root.length()), place) != null) {
          throw new CorruptFile(file, "two entries " + entry.getName());
        }
      }
    }
    TorchArchive archive = new TorchArchive(file, channel, entries);
    archive.refuseBigEndian();
    return archive;
  }

  private static List<ZipArchiveEntry> list(Path file) {
    try (ZipFile zip = ZipFile.builder().setPath(file).get()) {
      return Collections.list(zip.getEntries());
    } catch (IOException | RuntimeException e) { // both mean that it is no zip archive
      throw new CorruptFile(
          file,
          "not a whole file of torch.save: the end of its zip archive is missing or damaged; copy or"
              + " download it again",
          e);
    }
  }

  private static String root(Path file, List<ZipArchiveEntry> entries) {
    List<String> pickles =
        entries.stream().map(ZipEntry::getName).filter(name -> name.endsWith(PICKLE)).toList();
    if (pickles.size() != 1) {
      throw new CorruptFile(file, "expected one data.pkl in the archive, found " + pickles.size());
    }
    String root = pickles.get(0).substring(0, pickles.get(0).length() - PICKLE.length() + 1);
    if (entries.stream().anyMatch(entry -> entry.getName().equals(root + "constants.pkl"))) {
      throw new UserError(file + ": a TorchScript program, expected tensors of torch.save");
    }
    return root;
  }

  private static Entry place(Path file, FileChannel channel, ZipArchiveEntry entry)
      throws IOException {
    long start = entry.getDataOffset();
    long bytes = entry.getSize();
    if (entry.getMethod() != ZipEntry.STORED || bytes != entry.getCompressedSize()) {
      throw new CorruptFile(file, entry.getName() + ": expected it stored, found it compressed");
    }
    if (start < 0 || bytes < 0 || start > channel.size() - bytes) {
      throw new CorruptFile(file, entry.getName() + ": it reaches past the file's end");
    }
    return new Entry(start, bytes);
  }

  private void refuseBigEndian() throws IOException {
    Entry order = entries.get("byteorder");
    if (order != null && order.bytes() == 3) {
      String word = new String(bytes(order), StandardCharsets.US_ASCII);
      if (word.equals("big")) {
        throw new UserError(file + ": big-endian files are not supported");
      }
    }
  }

  byte[] pickle() throws IOException {
    Entry pickle = entries.get(PICKLE.substring(1));
    if (pickle == null || pickle.bytes() > MAX_PICKLE_BYTES) {
      throw new CorruptFile(file, "expected a data.pkl of at most " + MAX_PICKLE_BYTES + " bytes");
    }
    return bytes(pickle);
  }

  @Nullable Entry storage(String key) {
    return entries.get("data/" + key);
  }

  private byte[] bytes(Entry entry) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) entry.bytes());
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, entry.start() + buffer.position()) < 0) {
        throw new CorruptFile(file, "it ends within an entry");
      }
    }
    return buffer.array();
  }
}
