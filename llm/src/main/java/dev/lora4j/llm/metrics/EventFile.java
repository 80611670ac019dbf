package dev.lora4j.llm.metrics;

import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A TensorBoard event file of scalars, framed as in TensorFlow's {@code record_writer.h}. */
final class EventFile implements AutoCloseable {
  private static final int MASK_DELTA = 0xa282ead8;

  private final Path path;
  private final FileChannel out;
  private final Clock clock;

  private EventFile(Path path, FileChannel out, Clock clock) {
    this.path = path;
    this.out = out;
    this.clock = clock;
  }

  /** Creates a file for TensorBoard, which hides this step and later ones of older files. */
  static EventFile create(Path directory, long firstStep) {
    return create(directory, firstStep, Clock.systemUTC());
  }

  static EventFile create(Path directory, long firstStep, Clock clock) {
    Path path = directory;
    try {
      Files.createDirectories(directory);
      FileChannel out = null;
      long second = clock.instant().getEpochSecond();
      for (int number = 0; out == null; number++) {
        // TensorBoard reads files in the order of their names
        path =
            directory.resolve(
                "events.out.tfevents.%010d.%s.%04d".formatted(second, host(), number));
        out = openNew(path);
      }
      EventFile file = new EventFile(path, out, clock);
      file.write(file.event(0).text(3, "brain.Event:2").bytes());
      file.write(file.event(firstStep).message(7, new ProtobufMessage().integer(1, 1)).bytes());
      return file;
    } catch (IOException e) {
      throw AtomicFile.explained(path, e);
    }
  }

  private static @Nullable FileChannel openNew(Path path) throws IOException {
    try {
      return FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      return null;
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9_-]", "_");
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  Path path() {
    return path;
  }

  /** Writes a scalar at a step; a slash in its tag separates groups. */
  void scalar(String tag, long step, double value) {
    ProtobufMessage scalar = new ProtobufMessage().text(1, tag).real(2, (float) value);
    write(event(step).message(5, new ProtobufMessage().message(1, scalar)).bytes());
  }

  private ProtobufMessage event(long step) {
    Instant now = clock.instant();
    return new ProtobufMessage()
        .real(1, now.getEpochSecond() + now.getNano() / 1e9)
        .integer(2, step);
  }

  private void write(byte[] data) {
    ByteBuffer record = ByteBuffer.allocate(data.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(maskedCrc(record.array(), Long.BYTES));
    record.put(data).putInt(maskedCrc(data, data.length)).flip();
    try {
      AtomicFile.writeFully(out, record);
    } catch (IOException e) {
      throw AtomicFile.explained(path, e);
    }
  }

  static int maskedCrc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
