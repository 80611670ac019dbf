package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.lora4j.UserError;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class DevicesTest {

  @Test
  void cpuIsAvailableEverywhere() {
    assertThat(Devices.named("cpu").is_cpu()).isTrue();
  }

  @Test
  void unknownDeviceNameGetsAHint() {
    assertThatThrownBy(() -> Devices.named("cuda0"))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("no device 'cuda0'; did you mean ");
    assertThatThrownBy(() -> Devices.named("tpu")).isInstanceOf(UserError.class);
  }

  @Test
  void missingGpuIsReported() {
    Engine.start();
    assumeFalse(torch.cuda_is_available(), "there is a GPU");

    assertThatThrownBy(() -> Devices.named("cuda:1"))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("no CUDA device here");
  }
}
