"""The paper's figures at a scale meant for two cores: experiments, their records, and a page that judges them."""
