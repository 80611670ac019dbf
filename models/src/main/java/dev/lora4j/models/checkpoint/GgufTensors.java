package dev.lora4j.models.checkpoint;

import dev.lora4j.io.DType;
import dev.lora4j.models.gguf.GgufModel;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/** The tensors of a GGUF file; closing closes the file. */
record GgufTensors(GgufModel file) implements StoredTensors {

  @Override
  public String description() {
    return "its metadata";
  }

  @Override
  public Set<String> names() {
    return file.names();
  }

  @Override
  public DType dtype(String name) {
    return file.dtype(name);
  }

  @Override
  public List<Long> shape(String name) {
    return file.shape(name);
  }

  @Override
  public Tensor read(String name, DType format) {
    return file.read(name).to(format.torch());
  }

  @Override
  public void close() {
    file.close();
  }
}
