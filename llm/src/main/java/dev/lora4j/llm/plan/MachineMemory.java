package dev.lora4j.llm.plan;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The memory of a machine, or of the container that limits it, in bytes.
 *
 * @param total all of it
 * @param available the part that programs can still get; as much as the total where the system does
 *     not report it
 */
public record MachineMemory(long total, long available) {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  /** Returns the memory of this machine. */
  public static MachineMemory here() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long total = system.getTotalMemorySize(); // a container's limit, in a container
    return new MachineMemory(total, Math.min(total, availableOnLinux(total)));
  }

  /** A machine with this much memory, all of it available. */
  public static MachineMemory of(long bytes) {
    return new MachineMemory(bytes, bytes);
  }

  private static long availableOnLinux(long otherwise) {
    try {
      return Files.readAllLines(MEMINFO).stream()
          .filter(line -> line.startsWith("MemAvailable:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(otherwise);
    } catch (IOException e) {
      return otherwise; // another system
    }
  }
}
