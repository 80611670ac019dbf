package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.util.SerializableConfiguration;
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
    return new RunStorage("strict://" + remote, new SerializableConfiguration(configuration));
  }

  private void upload(String name, String text) throws IOException {
    storage().upload(Files.writeString(local.resolve(name), text));
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
    storage().upload(events);
    Files.delete(events.resolve("a"));
    Files.writeString(events.resolve("b"), "two");
    storage().upload(events);

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
    assertThat(List.of(remote.toFile().list())).containsExactly(name);
  }
}
