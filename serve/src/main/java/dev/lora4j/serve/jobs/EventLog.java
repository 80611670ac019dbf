package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The events of a job: a file of JSON lines, of which each is flushed to the disk. */
final class EventLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private boolean repaired;
  private long version;

  EventLog(Path file) {
    this.file = file;
  }

  synchronized void append(JobEvent event) {
    byte[] line = (event.json() + "\n").getBytes(StandardCharsets.UTF_8);
    try (FileChannel out =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      out.position(repaired ? out.size() : repaired(out));
      AtomicFile.writeFully(out, ByteBuffer.wrap(line));
      out.force(false);
    } catch (IOException e) {
      repaired = false; // part of the line may be written
      throw AtomicFile.explained(file, e);
    }
    wake();
  }

  /** Cuts off a line that a crash left unfinished; returns the length. */
  private long repaired(FileChannel channel) throws IOException {
    long end = 0;
    byte[] content = Files.readAllBytes(file);
    for (int i = 0; i < content.length; i++) {
      end = content[i] == '\n' ? i + 1L : end;
    }
    channel.truncate(end);
    repaired = true;
    return end;
  }

  /** All events, the oldest first. */
  synchronized List<JsonNode> all() {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      String text = Files.readString(file);
      List<JsonNode> events = new ArrayList<>();
      for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n", -1)) {
        if (!line.isEmpty()) {
          events.add(JSON.readTree(line));
        }
      }
      return events;
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  /** A number that grows with each event and each {@link #wake}. */
  synchronized long version() {
    return version;
  }

  /** Lets the waiting threads look at the job again. */
  synchronized void wake() {
    version++;
    notifyAll();
  }

  /** Waits until the version has grown, or the time is over. */
  synchronized void awaitChange(long known, long millis) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    long left = millis;
    while (version == known && left > 0) {
      wait(left);
      left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    }
  }
}
