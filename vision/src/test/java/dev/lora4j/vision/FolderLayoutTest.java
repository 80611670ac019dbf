package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.vision.FolderLayout.Item;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class FolderLayoutTest {
  private static final Path ROOT = Path.of("pictures");

  @Test
  void classesAndImagesAreSortedByName() {
    FolderLayout layout =
        FolderLayout.of(
            ROOT,
            List.of(
                "train/dog/2.jpg",
                "train/dog/10.JPEG",
                "test/dog/1.png",
                "train/cat/1.jpg",
                "test/cat/9.jpg",
                "train/cat/notes.txt",
                "train/cat/.hidden.jpg",
                "train/cat/deep/er.jpg",
                "__MACOSX/train/cat/x.jpg",
                "README"));

    assertThat(layout.classes()).containsExactly("cat", "dog");
    assertThat(layout.train())
        .containsExactly(
            new Item("train/cat/1.jpg", 0),
            new Item("train/dog/10.JPEG", 1),
            new Item("train/dog/2.jpg", 1));
    assertThat(layout.test())
        .containsExactly(new Item("test/cat/9.jpg", 0), new Item("test/dog/1.png", 1));
  }

  @Test
  void imagesMayBeBelowASingleFolder() {
    FolderLayout layout = FolderLayout.of(ROOT, List.of("set/train/a/1.jpg", "set/test/a/1.jpg"));

    assertThat(layout.train()).containsExactly(new Item("set/train/a/1.jpg", 0));
  }

  @Test
  void otherLayoutReportsExpectedAndFound() {
    assertThatThrownBy(() -> FolderLayout.of(ROOT, List.of("cats/1.jpg", "dogs/1.jpg")))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "expected {train,test}/{class}/*.jpg, .jpeg or .png in pictures, found cats, dogs");
    assertThatThrownBy(() -> FolderLayout.of(ROOT, List.of()))
        .hasMessageEndingWith("found nothing");
  }

  @Test
  void missingSplitIsNamed() {
    assertThatThrownBy(() -> FolderLayout.of(ROOT, List.of("train/a/1.jpg")))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("no images in test/ of pictures; expected");
  }

  @Test
  void classMissingFromOneSplitIsNamed() {
    assertThatThrownBy(
            () -> FolderLayout.of(ROOT, List.of("train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg")))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("class b has no image in test/ of pictures");
  }
}
