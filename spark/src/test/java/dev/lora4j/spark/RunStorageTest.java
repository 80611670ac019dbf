package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.io.ProcessLock;
import dev.lora4j.train.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.util.SerializableConfiguration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uploads to a file system that renames onto no existing file. */
class RunStorageTest {
  private final Configuration configuration = new Configuration(false);
  private final Path local;
  private final Path remote;

  RunStorageTest(@TempDir Path directory) throws IOException {
    local = Files.createDirectory(directory.resolve("local"));
    remote = Files.createDirectory(directory.resolve("remote"));
    configuration.set("fs.strict.impl", StrictFileSystem.class.getName());
  }

  @BeforeEach
  void count() {
    StrictFileSystem.Context.overwritten = 0;
  }

  private RunStorage storage() {
    return storage("run");
  }

  private RunStorage storage(String run) {
    return new RunStorage("strict://" + remote, new SerializableConfiguration(configuration), run);
  }

  /** A writer of a run of its own. */
  private RunWriter writer() throws IOException {
    Files.writeString(remote.resolve(".attempt"), "run -1");
    return storage().claim(0);
  }

  private void upload(String name, String text) throws IOException {
    writer().upload(file(name, text));
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(local.resolve(name), text);
  }

  @Test
  void aFileIsReplacedInOneStep() throws IOException {
    configuration.set(
        "fs.AbstractFileSystem.strict.impl", StrictFileSystem.Context.class.getName());
    upload("metrics.jsonl", "one");
    upload("metrics.jsonl", "two");

    assertThat(remote.resolve("metrics.jsonl")).hasContent("two");
    assertThat(StrictFileSystem.Context.overwritten).isEqualTo(1);
    assertOnly("metrics.jsonl");
  }

  @Test
  void aFileIsReplacedWhereThatIsNotSupported() throws IOException {
    upload("metrics.jsonl", "one");
    upload("metrics.jsonl", "two");

    assertThat(remote.resolve("metrics.jsonl")).hasContent("two");
    assertOnly("metrics.jsonl");
  }

  @Test
  void aDirectoryIsReplaced() throws IOException {
    Path events = Files.createDirectory(local.resolve("events"));
    Files.writeString(events.resolve("a"), "one");
    writer().upload(events);
    Files.delete(events.resolve("a"));
    Files.writeString(events.resolve("b"), "two");
    writer().upload(events);

    assertThat(remote.resolve("events/a")).doesNotExist();
    assertThat(remote.resolve("events/b")).hasContent("two");
    assertOnly("events");
  }

  @Test
  void anEqualRecordIsLeftAlone() throws IOException {
    upload("run.json", "{}");
    FileTime before = FileTime.fromMillis(1_000);
    Files.setLastModifiedTime(remote.resolve("run.json"), before);
    upload("run.json", "{}");
    assertThat(Files.getLastModifiedTime(remote.resolve("run.json"))).isEqualTo(before);

    upload("run.json", "{\"workers\":2}");
    assertThat(remote.resolve("run.json")).hasContent("{\"workers\":2}");
  }

  private void assertOnly(String name) {
    assertThat(names()).containsExactly(name);
  }

  /** The files and directories but the claim. */
  private List<String> names() {
    return Stream.of(remote.toFile().list()).filter(name -> !name.equals(".attempt")).toList();
  }

  // ---- several writers ----

  private static void assertRefused(ThrowingCallable write, String... parts) {
    assertThatThrownBy(write).isInstanceOf(UserError.class).hasMessageContainingAll(parts);
  }

  private Path checkpoint(long step) throws IOException {
    Path checkpoint = Files.createDirectories(local.resolve("checkpoint-" + step));
    Files.writeString(checkpoint.resolve("training.json"), "{}");
    return checkpoint;
  }

  @Test
  void anEarlierAttemptWritesNoMore() throws IOException {
    try (RunLease lease = storage().begin(false)) {
      RunWriter earlier = storage().claim(0);
      earlier.upload(checkpoint(4));
      RunWriter later = storage().claim(1);
      later.upload(file("metrics.jsonl", "of the later one"));
      later.upload(checkpoint(8));
      Path stale = file("metrics.jsonl", "of the earlier one");

      assertRefused(
          () -> earlier.upload(stale),
          "attempt 0 of run no longer writes to strict://" + remote,
          "attempt 1 of run has taken");
      assertRefused(() -> earlier.keepCheckpoints(List.of("checkpoint-12")), "no longer writes");
      assertRefused(() -> storage().claim(0), "no longer writes");
      assertThat(remote.resolve("metrics.jsonl")).hasContent("of the later one");
      later.keepCheckpoints(List.of("checkpoint-8"));
    }
    assertThat(names()).containsExactlyInAnyOrder("checkpoint-8", "metrics.jsonl");
  }

  @Test
  void anUnfinishedFileOfAnEarlierAttemptIsRemoved() throws IOException {
    try (RunLease lease = storage().begin(false)) {
      Files.createDirectory(remote.resolve(".unfinished-run-0-checkpoint-4"));
      storage().claim(1);

      assertThat(names()).containsExactly(".running");
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void checkpointsAfterTheLastOneAreKept() throws IOException {
    RunWriter writer = writer();
    for (long step : new long[] {4, 8, 12}) {
      writer.upload(checkpoint(step));
    }
    writer.keepCheckpoints(List.of("checkpoint-8"));

    assertThat(names()).containsExactlyInAnyOrder("checkpoint-8", "checkpoint-12");
  }

  @Test
  void aSecondRunIsRefusedUntilTheFirstEnds() throws IOException {
    try (RunLease lease = storage("first").begin(false)) {
      RunWriter first = storage("first").claim(0);
      assertRefused(
          () -> storage("second").begin(false),
          remote + " is in use: the run first is writing there",
          "choose another directory");
      assertRefused(() -> storage("second").claim(0), "attempt 0 of first has taken");
      first.upload(file("run.json", "{}"));
    }
    assertRefused(() -> storage("second").begin(false), "already holds a run");
    storage("second").begin(true).close();
    assertOnly("run.json");
  }

  @Test
  void theDirectoryOfAKilledRunIsTaken() throws IOException {
    RunLease killed = storage("killed").begin(false);
    RunWriter orphan = storage("killed").claim(0);
    Path running = remote.resolve(".running");
    Files.setLastModifiedTime(running, FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
    try (RunLease lease = storage("next").begin(false)) {
      Path late = file("metrics.jsonl", "late");
      assertRefused(() -> orphan.upload(late), "which next has taken");
      assertRefused(() -> storage("killed").claim(1), "which next has taken");
      killed.renewNow();
      killed.close();
      assertThat(running).hasContent("next");
      storage("next").claim(0).upload(late);
    }
    assertOnly("metrics.jsonl");
  }

  @Test
  void aRunThatGoesOnKeepsItsDirectory() throws IOException {
    try (RunLease lease = storage("long").begin(false)) {
      Files.setLastModifiedTime(
          remote.resolve(".running"), FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
      lease.renewNow();

      assertRefused(() -> storage("second").begin(false), "is in use: the run long");
    }
  }

  @Test
  void theDirectoryOfARunOnThisMachineIsRefused() throws IOException {
    try (ProcessLock lock = new RunDirectory(remote).lock()) {
      assertRefused(
          () -> storage().begin(false), remote + " is in use", "choose another directory");
    }
  }

  @Test
  void anExecutorWritesNoMoreOnceALaptopHasTakenOver() throws IOException {
    RunLease killed = storage("killed").begin(false);
    RunWriter orphan = storage("killed").claim(0);
    assertRefused(() -> new RunDirectory(remote).lock(), "is in use: the run killed is writing");
    Files.setLastModifiedTime(
        remote.resolve(".running"), FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
    try (ProcessLock laptop = new RunDirectory(remote).lock()) {
      Path late = file("metrics.jsonl", "late");
      assertRefused(() -> orphan.upload(late), "which another run has taken");
      assertRefused(() -> storage("killed").claim(1), "which another run has taken");
      killed.renewNow();
      killed.close();
      assertThat(names()).containsExactly(".lock");
    }
  }
}
