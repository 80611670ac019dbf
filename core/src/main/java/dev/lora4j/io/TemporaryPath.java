package dev.lora4j.io;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A hidden temporary name beside a target, {@code .NAME.lora4j-UUID}, for a file or a directory.
 * Its owner holds the lock {@code .NAME.lora4j-UUID.lock}; the files of a dead owner are deleted
 * when another file is written beside them.
 */
public final class TemporaryPath implements AutoCloseable {
  private static final String MARK = ".lora4j-";
  private static final String LOCK = ".lock";
  private static final Pattern LOCK_NAME = Pattern.compile("\\.(.+)\\.lora4j-[0-9a-f-]{36}\\.lock");

  private final Path path;
  private final ProcessLock lock;

  private TemporaryPath(Path path, ProcessLock lock) {
    this.path = path;
    this.lock = lock;
  }

  /** Reserves a name, creates missing parents, and deletes leftovers beside the target. */
  public static TemporaryPath beside(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new UserError("cannot write " + target + ": it is not a file name");
    }
    Files.createDirectories(parent);
    sweep(parent);
    while (true) {
      Path path = parent.resolve("." + absolute.getFileName() + MARK + UUID.randomUUID());
      Optional<ProcessLock> lock =
          ProcessLock.tryTake(path.resolveSibling(path.getFileName() + LOCK));
      if (lock.isPresent()) { // else another process is just sweeping the new name away
        return new TemporaryPath(path, lock.get());
      }
    }
  }

  public Path path() {
    return path;
  }

  /** Deletes what is at this name, and the lock. */
  @Override
  public void close() {
    deleteQuietly(path);
    lock.close();
  }

  // ---- leftovers ----

  /** Deletes the leftovers of dead processes in a directory. */
  public static void sweep(Path directory) {
    locks(directory).forEach(TemporaryPath::deleteIfAbandoned);
  }

  private static void deleteIfAbandoned(Path lockFile) {
    try {
      ProcessLock.tryTake(lockFile)
          .ifPresent(
              lock -> {
                try (lock) {
                  String name = lockFile.getFileName().toString();
                  int end = name.length() - LOCK.length();
                  deleteQuietly(lockFile.resolveSibling(name.substring(0, end)));
                }
              });
    } catch (IOException e) {
      return; // it stays until the next time
    }
  }

  private static List<Path> locks(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .filter(entry -> LOCK_NAME.matcher(entry.getFileName().toString()).matches())
          .toList();
    } catch (IOException e) {
      return List.of(); // whoever writes there reports it
    }
  }

  /** Returns the other living process that is writing a target, in words. */
  static Optional<String> writer(Path target) {
    Path absolute = target.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null) {
      return Optional.empty();
    }
    sweep(parent);
    return locks(parent).stream()
        .filter(lock -> isOf(absolute, lock))
        .map(ProcessLock::holder)
        .filter(holder -> !holder.equals(ProcessLock.thisProcess()))
        .findFirst();
  }

  private static boolean isOf(Path target, Path lockFile) {
    Matcher name = LOCK_NAME.matcher(lockFile.getFileName().toString());
    return name.matches() && name.group(1).equals(target.getFileName().toString());
  }

  /**
   * Deletes a directory with its content so that it disappears at once: it is renamed first.
   *
   * @throws UserError when the disk refuses
   */
  public static void discard(Path tree) {
    try (TemporaryPath away = beside(tree)) {
      Files.move(tree, away.path(), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UserError("cannot delete " + tree + ": " + e, e);
    }
  }

  private static void deleteQuietly(Path tree) {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> all = Files.walk(tree)) {
      all.sorted(Comparator.reverseOrder()).forEach(AtomicFile::deleteQuietly);
    } catch (IOException e) {
      return; // the result, or the failure before it, matters more
    }
  }
}
