package dev.lora4j.models.hub;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.Download;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;

/**
 * Fetches one blob. What arrives is kept in an incomplete file, whose name says which content it
 * belongs to, so that a later try goes on where this one stopped. The blob gets its own name when
 * its size and its hash are right. The caller holds the {@link BlobLock}.
 */
final class BlobDownload {
  private static final long LONGEST_WITHOUT_SIZE = 50_000_000_000L;

  private final HubClient client;
  private final Download.Limits limits;
  private final String commit;
  private final RemoteFile file;
  private final Path blob;
  private final Path incomplete;
  private final LongConsumer progress;
  private boolean resumed;

  BlobDownload(
      HubClient client,
      Download.Limits limits,
      RepoCache cache,
      String commit,
      RemoteFile file,
      LongConsumer progress) {
    this.client = client;
    this.limits = limits;
    this.commit = commit;
    this.file = file;
    this.blob = cache.blob(file.etag());
    this.incomplete = cache.incomplete(file.etag());
    this.progress = progress;
  }

  void run() throws Unreachable {
    try {
      Files.createDirectories(incomplete.getParent());
      if (BlobHash.of(file.etag()).isEmpty()) {
        Files.deleteIfExists(incomplete); // nothing would say whether the rest belongs to it
      }
      fetch();
      Optional<String> wrong = wrongHash();
      if (wrong.isPresent() && resumed) {
        // What was kept may be to blame, so once more from the beginning.
        Files.delete(incomplete);
        fetch();
        wrong = wrongHash();
      }
      if (wrong.isPresent()) {
        Files.delete(incomplete);
        throw new CorruptFile(blob, "download of " + file.name() + ": " + wrong.get());
      }
      finish();
    } catch (Unreachable e) {
      throw e;
    } catch (IOException e) {
      throw AtomicFile.explained(blob, e);
    }
  }

  private void fetch() throws IOException {
    Retries retries = new Retries(limits);
    long most = have();
    while (true) {
      try {
        fetchRest(have());
        return;
      } catch (FileSystemException e) {
        throw AtomicFile.explained(blob, e);
      } catch (IOException e) {
        // More than ever, as a server without ranges may begin anew each time.
        if (have() > most) {
          most = have();
          retries.progressed();
        }
        retries.failed(e);
      }
    }
  }

  private long have() throws IOException {
    long size = Files.exists(incomplete) ? Files.size(incomplete) : 0;
    if (file.size().isPresent() && size > file.size().getAsLong()) {
      Files.delete(incomplete);
      return 0;
    }
    return size;
  }

  private void fetchRest(long have) throws IOException {
    if (have > 0) {
      resumed = true;
      if (file.size().equals(OptionalLong.of(have))) {
        return;
      }
    }
    try (HubClient.Answer answer = client.open(commit, file.name(), have)) {
      if (answer.status() == 206 && continuesAt(answer, have)) {
        store(answer, have, StandardOpenOption.APPEND);
      } else if (answer.status() == 200) {
        resumed = false;
        store(answer, 0, StandardOpenOption.TRUNCATE_EXISTING);
      } else {
        Files.deleteIfExists(incomplete); // its end is not where the server's rest begins
        throw new IOException("the server does not go on from byte " + have);
      }
    }
  }

  private static boolean continuesAt(HubClient.Answer answer, long have) {
    return answer
        .headers()
        .firstValue("Content-Range")
        .filter(range -> range.startsWith("bytes " + have + "-"))
        .isPresent();
  }

  private void store(HubClient.Answer answer, long from, StandardOpenOption how)
      throws IOException {
    long done = from;
    try (FileChannel out =
        FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how)) {
      for (List<ByteBuffer> pieces = answer.body().next(limits.stall());
          !pieces.isEmpty();
          pieces = answer.body().next(limits.stall())) {
        for (ByteBuffer piece : pieces) {
          done += piece.remaining();
          checkNotLonger(done);
          write(out, piece);
        }
        progress.accept(done);
      }
    }
    if (file.size().isPresent() && done != file.size().getAsLong()) {
      throw new IOException("expected " + file.size().getAsLong() + " bytes, found " + done);
    }
  }

  private void checkNotLonger(long done) throws IOException {
    if (done > file.size().orElse(LONGEST_WITHOUT_SIZE)) {
      Files.deleteIfExists(incomplete);
      throw new CorruptFile(
          blob,
          "download of "
              + file.name()
              + ": expected "
              + (file.size().isPresent() ? "" : "at most ")
              + file.size().orElse(LONGEST_WITHOUT_SIZE)
              + " bytes, found more; it was deleted");
    }
  }

  /** A disk that refuses is no reason to try again. */
  private void write(FileChannel out, ByteBuffer piece) {
    try {
      while (piece.hasRemaining()) {
        out.write(piece);
      }
    } catch (IOException e) {
      throw AtomicFile.explained(blob, e);
    }
  }

  private Optional<String> wrongHash() throws IOException {
    Optional<BlobHash> hash = BlobHash.of(file.etag());
    if (hash.isEmpty()) {
      return Optional.empty();
    }
    String found = hash.get().of(incomplete);
    return found.equals(file.etag())
        ? Optional.empty()
        : Optional.of(
            "expected "
                + hash.get()
                + " "
                + file.etag()
                + ", found "
                + found
                + "; it was deleted, try again");
  }

  private void finish() throws IOException {
    try (FileChannel whole = FileChannel.open(incomplete, StandardOpenOption.WRITE)) {
      whole.force(true);
    }
    AtomicFile.moveInto(blob, incomplete);
  }

  /** Says that a disk is too small before it is full. */
  static void checkSpace(Path folder, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free > 0 && free < bytes) { // some network disks say 0, whatever they have
      throw new UserError(
          "not enough space in "
              + folder
              + ": "
              + bytes
              + " bytes are to come, "
              + free
              + " are free; free some, or set HF_HUB_CACHE to another disk");
    }
  }
}
