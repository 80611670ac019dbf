package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The events of a job: a file of JSON lines, of which each is flushed to the disk. */
public final class EventLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Some events of a log.
   *
   * @param end the position after them
   */
  public record EventPage(List<JsonNode> events, long end) {
    public EventPage {
      events = List.copyOf(events);
    }
  }

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
    long end = endOfLines(Files.readAllBytes(file));
    channel.truncate(end);
    repaired = true;
    return end;
  }

  /** All events, the oldest first. */
  List<JsonNode> all() {
    return since(0).events();
  }

  /** Returns the events after a position: 0, or the end of an earlier reading. */
  synchronized EventPage since(long position) {
    if (!Files.exists(file)) {
      return new EventPage(List.of(), position);
    }
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      byte[] bytes = Channels.newInputStream(in.position(position)).readAllBytes();
      String text = new String(bytes, 0, endOfLines(bytes), StandardCharsets.UTF_8);
      List<JsonNode> events = new ArrayList<>();
      for (String line : text.split("\n", -1)) {
        if (!line.isEmpty()) {
          events.add(JSON.readTree(line));
        }
      }
      return new EventPage(events, position + endOfLines(bytes));
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  /** Returns the length without a line that a crash left unfinished. */
  private static int endOfLines(byte... bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
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
