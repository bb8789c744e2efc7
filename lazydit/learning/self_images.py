"""Training images drawn from the model itself, for those who have a checkpoint and no data."""

import torch
from torch import Tensor

from lazydit.data import step_generator
from lazydit.diffusion import Schedule
from lazydit.distributed import Workers
from lazydit.models.dit import DiT
from lazydit.policies import Always
from lazydit.sampling import sample

COUNT = 512
BATCH = 32
STEPS = 20
# Below every other user of the seed's generators.
_FIRST_GENERATOR = -(2**31)


class SelfImages:
    """`COUNT` latents of random labels, drawn batch by batch with plain DDIM.

    Usable as `LabelledImages` once `drawn` is COUNT; `latents` may be kept and handed in again to
    go on from there.
    """

    def __init__(self, model: DiT, guidance: float, seed: int, workers: Workers) -> None:
        config = model.config
        self.num_classes, self.channels = config.num_classes, config.in_channels
        self.size = config.input_size
        random = step_generator(seed, _FIRST_GENERATOR)
        self.labels = torch.randint(config.num_classes, (COUNT,), generator=random)
        self.latents = torch.empty(0, self.channels, self.size, self.size)
        self._model, self._guidance, self._seed = model, guidance, seed
        self._workers = workers

    @property
    def drawn(self) -> int:
        return len(self.latents)

    def draw_batch(self) -> None:
        """Every process draws one more batch; the images do not depend on their number."""
        batch = (self.drawn // BATCH + self._workers.rank) % (COUNT // BATCH)
        labels = self.labels[batch * BATCH : (batch + 1) * BATCH]
        random = step_generator(self._seed, _FIRST_GENERATOR + 1 + batch)
        noise = torch.randn(BATCH, *self.latents.shape[1:], generator=random)
        schedule = Schedule.spaced(STEPS)
        latent = sample(self._model, labels, noise, schedule, Always(), self._guidance).latent
        self.latents = torch.cat([self.latents, self._workers.gather(latent).cpu()])[:COUNT]

    def images(self, indices: Tensor, chance: Tensor) -> Tensor:
        return self.latents[indices]
