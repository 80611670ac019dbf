package dev.lora4j.nn.runtime;

import java.lang.reflect.Field;
import java.net.URL;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * The libraries of CUDA that libtorch's binding loads first, if they are there. JavaCPP searches
 * all jars for 20 spellings of each, which takes 0.4 s. It keeps what it has found in a map, so
 * entries without an address spare the search for a libtorch without CUDA.
 */
final class CudaLibraries {
  private static final Pattern NAMES =
      Pattern.compile("(cu|nv|nccl|myelin|c10_cuda|torch_cuda).*", Pattern.DOTALL);

  private CudaLibraries() {}

  /** Marks the libraries as absent if the libtorch on the class path has no CUDA. */
  static void skipIfUnused() {
    String build = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/";
    if (torchClass().getResource(build + System.mapLibraryName("jnitorch")) != null) {
      return;
    }
    try {
      Field field = Loader.class.getDeclaredField("foundLibraries");
      field.setAccessible(true);
      @SuppressWarnings("unchecked") // as declared
      Map<String, URL[]> found = (Map<String, URL[]>) field.get(null);
      names().forEach(name -> found.putIfAbsent(name, new URL[0]));
    } catch (ReflectiveOperationException | RuntimeException e) {
      // another version of JavaCPP, which searches
    }
  }

  private static List<String> names() {
    ClassProperties properties = Loader.loadProperties(torchClass(), Loader.loadProperties(), true);
    return properties.get("platform.preload").stream()
        .filter(name -> NAMES.matcher(name).matches())
        .toList();
  }

  private static Class<?> torchClass() {
    return torch.class; // the literal does not initialise it
  }
}
