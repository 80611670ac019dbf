package dev.lora4j.models.hub;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * One repository's place in the cache, in the layout of Python's huggingface_hub:
 *
 * <pre>
 * models--org--name/blobs/ETAG              each content once
 * models--org--name/snapshots/COMMIT/NAME   a relative link to its content
 * models--org--name/refs/REVISION           the commit that a branch or tag was, last time
 * .locks/models--org--name/                 who is fetching what
 * </pre>
 *
 * Where links are not possible the content itself lies in the snapshot.
 *
 * @param cache the whole cache
 * @param repo which repository
 * @param symlinks whether links are wanted
 */
record RepoCache(Path cache, RepoId repo, boolean symlinks) {
  private static final int LONGEST_REF = 100;

  private String folderName() {
    return "models--" + repo.organization() + "--" + repo.name();
  }

  Path folder() {
    return cache.resolve(folderName());
  }

  Path blob(String etag) {
    return folder().resolve("blobs").resolve(etag);
  }

  /**
   * What has arrived of a blob. The name is ours alone: Python's locks do not hold us off, nor ours
   * Python, so neither may write into what the other has begun.
   */
  Path incomplete(String etag) {
    return folder().resolve("blobs").resolve(etag + ".lora4j.incomplete");
  }

  Path lock(String etag) {
    return cache.resolve(".locks").resolve(folderName()).resolve(etag + ".lora4j.lock");
  }

  Path snapshot(String commit) {
    return folder().resolve("snapshots").resolve(commit);
  }

  Path file(String commit, String name) {
    return snapshot(commit).resolve(name);
  }

  /** The names of the files of a snapshot that are here, but not those in folders. */
  List<String> files(String commit) {
    try (Stream<Path> files = Files.list(snapshot(commit))) {
      return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UserError("cannot read " + snapshot(commit) + ": " + e.getMessage(), e);
    }
  }

  /** The commit that the revision was when the Hub was last asked, if its files are here. */
  Optional<String> commit() {
    Optional<String> commit = repo.isPinned() ? Optional.of(repo.revision()) : remembered();
    return commit.filter(c -> Files.isDirectory(snapshot(c)));
  }

  private Optional<String> remembered() {
    Optional<String> commit = refText();
    if (commit.isPresent() && !RepoId.isCommit(commit.get())) {
      throw new CorruptFile(ref(), "expected a commit of 40 hexadecimal digits; delete the file");
    }
    return commit;
  }

  private Optional<String> refText() {
    Path ref = ref();
    if (!Files.isRegularFile(ref)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(ref)) {
      byte[] start = in.readNBytes(LONGEST_REF);
      return Optional.of(new String(start, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw new CorruptFile(ref, "cannot be read: " + e.getMessage(), e);
    }
  }

  /** Keeps what the revision is now, if that is news. */
  void remember(String commit) {
    if (!repo.revision().equals(commit) && !refText().equals(Optional.of(commit))) {
      AtomicFile.write(ref(), commit.getBytes(StandardCharsets.UTF_8));
    }
  }

  private Path ref() {
    return folder().resolve("refs").resolve(repo.revision());
  }

  /**
   * Makes a blob that is here a file of the snapshot.
   *
   * @param isNew whether no other snapshot can have it: it may be moved then, where links fail
   */
  void place(String etag, String commit, String name, boolean isNew) {
    Path file = file(commit, name);
    Path temporary = file.resolveSibling("." + name + "." + UUID.randomUUID());
    try {
      Files.createDirectories(snapshot(commit));
      if (!linked(temporary, blob(etag))) {
        if (isNew) {
          Files.move(blob(etag), temporary, StandardCopyOption.ATOMIC_MOVE);
        } else {
          Files.copy(blob(etag), temporary);
        }
      }
      AtomicFile.moveInto(file, temporary);
    } catch (IOException e) {
      throw AtomicFile.explained(file, e);
    } finally {
      deleteQuietly(temporary);
    }
  }

  private boolean linked(Path link, Path blob) {
    if (!symlinks) {
      return false;
    }
    try {
      Files.createSymbolicLink(link, snapshot("commit").relativize(blob));
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      // Windows without the right to make links, or a disk that has none: a plain file does too.
      return false;
    }
  }

  private static void deleteQuietly(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The first failure is the one to tell; after a success there is nothing to delete.
      return;
    }
  }
}
