"""The paper's figures at a scale of an hour on two cores: experiments, their records, and a page that judges them."""
