package dev.lora4j.nn.runtime;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.List;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch;

/** Devices by their usual names. */
public final class Devices {
  private static final Pattern NAME = Pattern.compile("cpu|cuda(:\\d{1,2})?");

  private Devices() {}

  /**
   * Returns the device of this name: {@code cpu}, {@code cuda} or {@code cuda:1}.
   *
   * @throws UserError if this machine has no such device
   */
  public static Device named(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new UserError(
          "no device '" + name + "'" + NearMiss.hint(name, List.of("cpu", "cuda", "cuda:0")));
    }
    Engine.start();
    if (name.startsWith("cuda") && !torch.cuda_is_available()) {
      throw new UserError(
          "no CUDA device here; it needs an NVIDIA driver and a build with -Dcuda. Use cpu"
              + " instead");
    }
    return new Device(name).retainReference();
  }
}
