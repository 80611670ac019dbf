package dev.lora4j.llm.hub;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.TemporaryPath;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cache of one repository, in the layout of Python's huggingface_hub:
 *
 * <pre>
 * models--org--name/blobs/ETAG              each content once
 * models--org--name/snapshots/COMMIT/NAME   a relative link to its content
 * models--org--name/refs/REVISION           the last known commit of a branch or tag
 * .locks/models--org--name/                 locks of running downloads
 * </pre>
 *
 * Without symbolic links, the snapshot holds the content itself.
 */
record RepoCache(Path cache, RepoId repo, boolean symlinks) {
  private static final int LONGEST_REF = 100;

  private String folderName() {
    return "models--" + repo.organization() + "--" + repo.name();
  }

  Path folder() {
    return cache.resolve(folderName());
  }

  Path blob(String hash) {
    return folder().resolve("blobs").resolve(hash);
  }

  /**
   * Returns the part file of a blob. Its name differs from Python's: neither program honours the
   * other's locks, so they must not write to the same file.
   */
  Path incomplete(String hash) {
    return folder().resolve("blobs").resolve(hash + ".lora4j.incomplete");
  }

  Path lock(String hash) {
    return cache.resolve(".locks").resolve(folderName()).resolve(hash + ".lora4j.lock");
  }

  Path snapshot(String commit) {
    return folder().resolve("snapshots").resolve(commit);
  }

  Path file(String commit, String name) {
    return snapshot(commit).resolve(name);
  }

  /** Returns the names of the files in a snapshot, without those in subdirectories. */
  List<String> files(String commit) {
    try (Stream<Path> files = Files.list(snapshot(commit))) {
      return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).toList();
    } catch (IOException e) {
      throw Unreadable.because(snapshot(commit), e);
    }
  }

  /** Returns the last known commit of the revision, if its snapshot exists. */
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

  /** Stores the current commit of the revision if it changed. */
  void remember(String commit) {
    if (!repo.revision().equals(commit) && !refText().equals(Optional.of(commit))) {
      AtomicFile.write(ref(), commit.getBytes(StandardCharsets.UTF_8));
    }
  }

  private Path ref() {
    return folder().resolve("refs").resolve(repo.revision());
  }

  /**
   * Adds a downloaded blob to the snapshot.
   *
   * @param isNew whether no other snapshot can use it, so that it may be moved if links fail
   */
  void link(String hash, String commit, String name, boolean isNew) {
    Path file = file(commit, name);
    try (TemporaryPath temporary = TemporaryPath.beside(file)) {
      if (!linked(temporary.path(), blob(hash))) {
        if (isNew) {
          Files.move(blob(hash), temporary.path(), StandardCopyOption.ATOMIC_MOVE);
        } else {
          Files.copy(blob(hash), temporary.path());
        }
      }
      AtomicFile.moveInto(file, temporary.path());
    } catch (IOException e) {
      throw AtomicFile.explained(file, e);
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
      // Windows without permission for links, or a disk without them: a plain file works too.
      return false;
    }
  }
}
