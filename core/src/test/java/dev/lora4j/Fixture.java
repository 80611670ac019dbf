package dev.lora4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.SafetensorsFile;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Results of PyTorch or PEFT, in a file written by a script in {@code tools/}. Its tensors belong
 * to the scope in which it was read.
 */
public final class Fixture {
  private static final String SAMPLED = ".every_13";
  private static final long SAMPLE_STEP = 13;

  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata;

  private Fixture(SafetensorsFile file) {
    metadata = Map.copyOf(file.metadata());
    file.names().forEach(name -> tensors.put(name, file.read(name)));
  }

  /** Reads a file below {@code src/test/resources/fixtures}. */
  public static Fixture read(String name) {
    try (SafetensorsFile file = SafetensorsFile.open(path(name))) {
      return new Fixture(file);
    }
  }

  /** Returns the path of a file or directory below {@code src/test/resources/fixtures}. */
  public static Path path(String name) {
    URL url =
        Objects.requireNonNull(
            Fixture.class.getResource("/fixtures/" + name), () -> "no fixture " + name);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the tensor of this name. */
  public Tensor tensor(String name) {
    return Objects.requireNonNull(tensors.get(name), () -> name + " is not in " + tensors.keySet());
  }

  /** Returns the tensors with this prefix, by the rest of their name. */
  public Map<String, Tensor> tensors(String prefix) {
    Map<String, Tensor> result = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix)) {
            result.put(name.substring(prefix.length()), tensor);
          }
        });
    return result;
  }

  /** Returns the JSON under this key of the metadata. */
  public JsonNode metadata(String key) {
    try {
      return new ObjectMapper().readTree(metadata.get(key));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Compares a tensor with the one of this name; the file may hold only a sample of its values. */
  public void check(String name, Tensor actual, double tolerance) {
    if (tensors.containsKey(name)) {
      TensorAssert.assertThat(actual).as(name).isCloseTo(tensor(name), tolerance);
      return;
    }
    TensorAssert.assertThat(sample(actual)).as(name).isCloseTo(tensor(name + SAMPLED), tolerance);
    Tensor norm = actual.detach().to(ScalarType.Double).norm().to(ScalarType.Float).reshape(1);
    TensorAssert.assertThat(norm).as(name + ".norm").isCloseTo(tensor(name + ".norm"), tolerance);
  }

  private static Tensor sample(Tensor whole) {
    LongOptional fromStartToEnd = new LongOptional();
    return whole.detach().flatten().slice(0, fromStartToEnd, fromStartToEnd, SAMPLE_STEP);
  }
}
